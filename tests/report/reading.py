"""Reading a page as a browser would: its text, links and tags; and a run without the parts that take long to draw."""

from __future__ import annotations

from html.parser import HTMLParser

from rainsmith.run_folder import Run


def forget_curves(run: Run) -> None:
    """Delete the curves of evaluation and the log of training."""
    for path in [*run.evaluation.glob("*.nc"), run.metrics_log]:
        path.unlink()


class Page(HTMLParser):
    """Every address in a page, every tag, the words of pictures and dots, and the text.

    Attributes:
        addresses: values of src, href and the like.
        tags: names of all tags, in order.
        open: tags that were opened and not closed.
        alts: descriptions of the pictures.
        dots: grades that are shown as dots, in order.
        anchors: ids of the sections.
        text: all text, styles included.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.alts: list[str] = []
        self.dots: list[str] = []
        self.anchors: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("img", "meta", "br"):
            self.open.append(tag)
        self.alts += [value or "" for name, value in attrs if name == "alt"]
        self.dots += [value or "" for name, value in attrs if name == "aria-label" and tag == "span"]
        self.anchors += [value or "" for name, value in attrs if name == "id"]
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
