"""The archiver: works the jobs that copy objects between stores, verify them and set their tier."""
