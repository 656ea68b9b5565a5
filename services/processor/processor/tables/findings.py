"""What could not be computed, counted: nothing becomes null in silence."""

from dataclasses import dataclass, field

MAX_FINDINGS = 100


@dataclass(slots=True)
class Findings:
    """Collects the warnings of one job; `where` is set to the place that is worked on, such as `step 2, where`."""

    where: str = ""
    texts: list[str] = field(default_factory=list)
    left_out: int = 0

    def add(self, fact: str) -> None:
        """One more, with the place. After the first hundred they are only counted."""
        text = f"{self.where}: {fact}" if self.where else fact
        if len(self.texts) < MAX_FINDINGS:
            self.texts.append(text)
        else:
            self.left_out += 1

    def all(self) -> list[str]:
        """In the order in which they were found."""
        return [*self.texts, *([f"and {self.left_out} more"] if self.left_out else [])]
