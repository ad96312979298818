const slides = [...document.querySelectorAll(".slide")];
const bar = document.querySelector("nav");
const [back, next] = bar.querySelectorAll("button");
const place = () => Math.max(0, slides.findLastIndex(slide => slide.getBoundingClientRect().top < innerHeight / 2));

function go(to) {
  const slide = slides[Math.min(Math.max(to, 0), slides.length - 1)];
  slide.scrollIntoView();
  return slide;
}

function say() {
  bar.querySelector("p").textContent = `Slide ${place() + 1} of ${slides.length}`;
  back.disabled = place() === 0;
  next.disabled = place() === slides.length - 1;
}

const keys = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Home: -Infinity, End: Infinity };

/* A key first does what it does anywhere: it scrolls a wide table, or the rest of a slide taller than the window. */
function scrolls(event) {
  if (/Left|Right/.test(event.key)) return event.target.scrollWidth > event.target.clientWidth;
  const shown = slides[place()].getBoundingClientRect();
  if (/Home|End/.test(event.key)) return false;
  return keys[event.key] > 0 ? shown.bottom > innerHeight + 1 : shown.top < -1;
}

addEventListener("keydown", event => {
  if (!(event.key in keys) || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || scrolls(event)) return;
  event.preventDefault();
  go(place() + keys[event.key]).focus({ preventScroll: true });
});
back.addEventListener("click", () => go(place() - 1));
next.addEventListener("click", () => go(place() + 1));
addEventListener("scroll", say, { passive: true });
addEventListener("resize", say);
bar.hidden = false;
say();
