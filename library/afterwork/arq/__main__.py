"""`python -m afterwork.arq module.WorkerSettings`: the same as `afterwork worker`."""

from afterwork.arq.command import worker

if __name__ == "__main__":
    worker()
