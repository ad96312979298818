"""Are two pictures the same to look at? Pixel by pixel after a slight blur: a re-encoded picture is, a moved bar is not."""

import base64
import io
import warnings
from typing import Any

MOST_PIXELS = 40_000_000
_STEP, _SHARE = 40, 0.0002


def opened(data: str) -> Any:
    """A picture from its base64 text, on white. Raises `ValueError` for what is no picture, or one too large to hold."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(base64.b64decode("".join(data))))
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError(f"{picture.width} by {picture.height} pixels")
            whole = picture.convert("RGBA")
    except Exception as error:
        raise ValueError(f"it cannot be opened as a picture ({type(error).__name__})") from None
    white = Image.new("RGBA", whole.size, "white")
    return Image.alpha_composite(white, whole).convert("RGB")


def same_picture(then: str, now: str) -> tuple[str, str, str]:
    """How alike two pictures (base64) are, the rung needed, and what differs in words.

    The same pixels are identical; within tolerance where at most 1 in 5,000 pixels differs visibly (40 of 255 steps of grey
    after a blur over 3 pixels), which is what another version of a font library does to edges.
    """
    if then == now:
        return "identical", "identical", ""
    import numpy as np

    try:
        one, other = opened(then), opened(now)
    except ValueError as error:
        return "different", "", str(error)
    if one.size != other.size:
        return "different", "", f"{one.width} by {one.height} pixels then, {other.width} by {other.height} now"
    if np.array_equal(np.asarray(one), np.asarray(other)):
        return "identical", "image bytes", ""
    apart = _apart(one, other) > _STEP
    share = float(apart.mean())
    if share <= _SHARE:
        return "within tolerance", "pixels", f"{share:.3%} of its pixels differ visibly"
    return "different", "", f"{share:.2%} of its pixels differ visibly, in {_where(apart)}"


def _apart(one: Any, other: Any) -> Any:
    """The largest difference of each pixel over the three colours, after a blur over 3 pixels: 0 to 255."""
    import numpy as np
    from PIL import ImageFilter

    blurred = [np.asarray(picture.filter(ImageFilter.BoxBlur(1))).astype(np.int16) for picture in (one, other)]
    return np.abs(blurred[0] - blurred[1]).max(axis=2)


def _where(apart: Any) -> str:
    rows, columns = apart.any(axis=1).nonzero()[0], apart.any(axis=0).nonzero()[0]
    return f"the box from ({columns[0]}, {rows[0]}) to ({columns[-1]}, {rows[-1]})"


def difference(then: str, now: str) -> str:
    """A picture (PNG, base64) of where two differ: red on the pale picture of now; '' where they cannot be laid on each other."""
    import numpy as np
    from PIL import Image

    try:
        one, other = opened(then), opened(now)
    except ValueError:
        return ""
    if one.size != other.size:
        one = one.resize(other.size)
    pale = (255 - (255 - np.asarray(other.convert("L")).astype(np.int16)) // 4).astype(np.uint8)
    drawn = np.stack([pale] * 3, axis=2)
    drawn[_apart(one, other) > _STEP] = (212, 53, 28)
    written = io.BytesIO()
    Image.fromarray(drawn).save(written, "PNG", optimize=True)
    return base64.b64encode(written.getvalue()).decode()
