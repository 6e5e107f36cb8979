"""The door for browsers: sign-in, guard, headers, pages, Dash behind all of it."""
