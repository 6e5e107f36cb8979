"""What pages are built of: ids, wiring, and builders that draw what they are given."""
