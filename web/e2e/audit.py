"""What a screen reader or weak eyes would stumble over on the screen as it stands."""

from e2e.desk import Desk

# Controls without a name, ids used twice, references to nothing, headings and choices cut off, and words too faint for
# WCAG 2.2 AA.
STUMBLES = """() => {
  const found = [];
  const controls = 'button, a[href], input, select, textarea, [role=tab], [role=grid], [role=option]';
  for (const one of document.querySelectorAll(controls)) {
    const labels = [...(one.labels ?? [])].map((label) => label.innerText).join('');
    const name = one.getAttribute('aria-label') || labels || one.innerText || one.title;
    if (one.checkVisibility() && !name?.trim()) found.push(`no name: ${one.outerHTML.slice(0, 120)}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => found.push(`id twice: ${id}`));
  for (const link of ['aria-controls', 'aria-activedescendant', 'aria-describedby', 'aria-labelledby']) {
    for (const one of document.querySelectorAll(`[${link}]`)) {
      for (const id of one.getAttribute(link).split(' ')) {
        if (id && !document.getElementById(id)) found.push(`${link} leads nowhere: ${one.outerHTML.slice(0, 120)}`);
      }
    }
  }
  for (const one of document.querySelectorAll('.label, th, .button, .topbox, .head .line > *')) {
    if (one.checkVisibility() && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')
      found.push(`cut off: ${one.innerText.slice(0, 60)}`);
  }
  const pen = document.createElement('canvas').getContext('2d');
  for (const one of document.querySelectorAll('select')) {
    pen.font = getComputedStyle(one).font;
    const room = one.clientWidth - 28; // beside the arrow
    const text = one.selectedOptions[0]?.label ?? '';
    if (one.checkVisibility() && pen.measureText(text).width > room) found.push(`choice cut off: ${text}`);
  }
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const read = (css) => { const [r, g, b, a = 1] = css.match(/[\\d.]+/g).map(Number); return [[r, g, b], a]; };
  const over = (top, alpha, below) => below.map((v, at) => v * (1 - alpha) + top[at] * alpha);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim();
    const at = walk.currentNode.parentElement;
    if (!text || !at.checkVisibility() || at.closest('[aria-disabled=true], :disabled')) continue;
    const around = [];
    for (let one = at; one; one = one.parentElement) around.unshift(one);
    let below = [255, 255, 255];
    let seen = 1;
    for (const one of around) {
      below = over(...read(getComputedStyle(one).backgroundColor), below);
      seen *= Number(getComputedStyle(one).opacity);
    }
    const [ink, alpha] = read(getComputedStyle(at).color);
    const [one, other] = [light(over(ink, alpha * seen, below)), light(below)].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < 4.5) found.push(`faint (${contrast.toFixed(1)}): ${text.slice(0, 40)}`);
  }
  return found;
}"""


def stumbles(desk: Desk) -> list[str]:
    """What is wrong, one line each; empty where nothing is."""
    return list(desk.ask(STUMBLES))
