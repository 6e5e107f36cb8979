"""The house itself: rules on code, lists that match reality, documentation that is true."""
