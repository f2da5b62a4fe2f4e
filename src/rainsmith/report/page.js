"use strict";
(() => {
  const dialog = document.getElementById("enlarged");
  const large = dialog.querySelector("img");
  const scale = dialog.querySelector(".scale");
  const words = dialog.querySelector("p");

  const enlarge = (button) => {
    const image = button.querySelector("img");
    const caption = button.parentElement.querySelector("figcaption");
    large.src = image.src;
    large.alt = image.alt;
    words.textContent = caption ? `${image.alt}. ${caption.textContent}` : image.alt;
    const bar = button.closest(".maps") && document.querySelector(".bar img");
    scale.hidden = !bar; // maps of rain share one colour bar
    if (bar) {
      scale.src = bar.src;
      scale.alt = bar.alt;
    }
    dialog.classList.remove("double");
    dialog.showModal();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.zoom");
    if (button) enlarge(button);
    else if (event.target === large) dialog.classList.toggle("double");
    else if (event.target === dialog || event.target.closest("#enlarged button")) dialog.close();
  });

  // a link into what is folded unfolds it
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();

  // paper has no folds
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const part of folded) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of folded) part.open = false;
  });
})();
