"""Tables: read from an object or from the job, taken through steps, written; all of it in a child process."""
