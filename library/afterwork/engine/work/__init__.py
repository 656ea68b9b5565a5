"""What a worker does: claim jobs, run their handlers, keep their leases, and write how they ended."""
