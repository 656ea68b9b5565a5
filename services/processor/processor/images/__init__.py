"""What can be found out about an image without asking anybody: run in a child process, on bytes of anybody's making."""
