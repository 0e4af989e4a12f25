"""What browsers see now: the board, its viewers, and what they are sent."""
