"""What a program does with jobs: submit, read, follow and control them, and the duties that all processes share."""
