"""What people do: verbs whose first argument is the viewer. Every door goes through them."""
