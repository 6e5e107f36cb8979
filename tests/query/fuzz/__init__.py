"""Random questions in random orders of arrival: whatever was kept, answers are the direct ones."""
