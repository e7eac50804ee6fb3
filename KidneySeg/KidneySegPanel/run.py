"""A run in a child process, and the CT that it is of. Needs no Qt."""

from KidneySegLib.core.errors import KidneySegError

_CHANGED = {
    "removed": "the CT was removed from the scene",
    "moved": "the CT was moved, or its transform or spacing was changed",
    "changed": "the CT's voxels were changed (by an edit, or the next frame of a sequence)",
}


class StoppedError(KidneySegError):
    """A run was stopped: its result would belong to something that is not there any more."""


class Run:
    """One piece of work in a child process.

    Parameters
    ----------
    job : Job
    sent : Sent
        CT as it was sent.
    segmentation : vtkMRMLSegmentationNode, optional
        Result that it is for; None for a new one.
    policy : str, optional
        What becomes of corrections; None where segments are only measured.
    state : dict, optional
        Of the segments that are measured, when their labels were taken.
    follows : bool
        Whether it measures what a run has just found.
    """

    def __init__(self, job, sent, *, segmentation=None, policy=None, state=None, follows=False):
        self.job, self.sent, self.segmentation = job, sent, segmentation
        self.policy, self.state, self.follows = policy, state, follows

    @property
    def measures(self):
        """Whether segments are only measured."""
        return self.state is not None

    def poll(self, *, wait_s=0.0):
        """News of the job: progress, what it found, or None.

        Raises
        ------
        StoppedError
            If the CT is not the one any more that was sent; the child process is ended.
        JobError
            If the child process ended without a result.
        """
        change = self.sent.change()
        if change:
            self.cancel()
            raise StoppedError(
                f"Stopped: {_CHANGED[change]} during the run, so the result would not fit. Run "
                "again."
            )
        return self.job.poll(wait_s=wait_s)

    def cancel(self):
        """End the child process."""
        self.job.cancel()
