"""The notifier: works the jobs that send e-mail and other notifications."""
