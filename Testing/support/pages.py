from html.parser import HTMLParser

from KidneySegLib.report.page import write_page


def page_of(result, picture, tmp_path, **options):
    data, target = result.as_dict(), tmp_path / "report.html"
    write_page(result.labels, result.measurements, data, picture, target, **options)
    return (tmp_path / "report.html").read_text(encoding="utf-8")


class Balance(HTMLParser):
    """Open elements that were never closed, and text."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
