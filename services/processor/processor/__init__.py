"""The processor: works the jobs that compute, on tables and on images."""
