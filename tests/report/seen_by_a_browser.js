(() => {
  const width = innerWidth;
  const clipped = (node) => node.closest(".scroll, pre, dialog, .side");
  const wide = [...document.querySelectorAll("main *")].filter(
    (node) => node.getClientRects().length && node.getBoundingClientRect().right > width + 0.5 && !clipped(node),
  );

  const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const parsed = (text) => text.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) =>
    0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parsed(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = words.nextNode(); text; text = words.nextNode()) {
    const node = text.parentElement;
    if (!text.textContent.trim() || !node.getClientRects().length || /^(SCRIPT|STYLE)$/.test(node.tagName)) continue;
    const style = getComputedStyle(node);
    const [high, low] = [luminance(parsed(style.color)), luminance(behind(node))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < (large ? 3 : 4.5)) faint.add(`${node.tagName}.${node.className} ${ratio.toFixed(2)}`);
  }

  const images = [...document.querySelectorAll("main img")];
  return {
    page: [document.documentElement.scrollWidth, document.documentElement.scrollHeight],
    wide: wide.map((node) => `${node.tagName}.${node.className}`).slice(0, 5),
    sideways: [...document.querySelectorAll(".stacked")].filter((box) => box.scrollWidth > box.clientWidth + 1).length,
    faint: [...faint],
    images: images.length,
    broken: images.filter((image) => !image.complete || image.naturalWidth === 0).length,
    unnamed: images.filter((image) => image.alt.trim().length < 8).length,
    small: [...document.querySelectorAll("main p, main li, main td, main dd")]
      .filter((node) => node.getClientRects().length && parseFloat(getComputedStyle(node).fontSize) < 12)
      .map((node) => node.className)
      .slice(0, 5),
  };
})();
