"use strict";
// The answers of datajam.analyse.skills.Engine, from its own whole-number scores: the same skills and jobs in the same order.
const data = JSON.parse(document.getElementById("data").textContent);
const at = id => document.getElementById(id);
const fold = text => text.trim().toLowerCase();
const whole = number => number.toLocaleString("en-GB");
const counted = (number, one, many) => `${whole(number)} ${number === 1 ? one : many}`;
const mine = [];

// links[i] and carries[i] are flat: index, score in millionths, adverts; and again. Each link is there once, under the lower index.
const links = data.skills.map(() => []);
data.links.forEach((row, one) => {
  for (let place = 0; place < row.length; place += 3) {
    links[one].push(row.slice(place, place + 3));
    links[row[place]].push([one, row[place + 1], row[place + 2]]);
  }
});
const carries = data.carries.map(row => row.reduce((all, _, place) => place % 3 ? all : [...all, row.slice(place, place + 3)], []));

function best(table, chosen, left, n) {
  const found = new Map();
  for (const skill of chosen) {
    for (const [index, score, adverts] of table[skill]) {
      const entry = found.get(index) || { index, score: 0, adverts: 0, skills: 0 };
      entry.score += score;
      entry.adverts = Math.max(entry.adverts, adverts);
      entry.skills += score > 0 ? 1 : 0;
      found.set(index, entry);
    }
  }
  const kept = [...found.values()].filter(entry => entry.score > 0 && !left.includes(entry.index));
  return kept.sort((one, other) => other.score - one.score || one.index - other.index).slice(0, n);
}

function pay([, , value, shared]) {
  if (value === null) return `No pay figure for ${data.month}.`;
  const pounds = `£${whole(value)} a year`;
  if (shared) return `Pay of ${pounds} is imputed: filled in for ${shared} of ${data.with_figure} skills in ${data.month}, not measured.`;
  return `Median pay ${pounds} in ${data.month}.`;
}

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function item(name, ...lines) {
  const made = element("li", "");
  made.append(element("strong", name), ...lines.map(([text, kind]) => element("span", text, kind)));
  return made;
}

function skillItem({ index, adverts }) {
  const skill = data.skills[index];
  const basis = `Named in ${counted(skill[1], "advert", "adverts")}; at least ${whole(adverts)} of them name a skill of yours too.`;
  return item(skill[0], [pay(skill), skill[3] ? "imputed" : ""], [basis, "basis"]);
}

function jobItem({ index, score, adverts, skills }) {
  const common = mine.filter(skill => data.skills[skill][1] >= data.support).length;
  const share = Math.floor(score / (common * 10000) + 0.5);
  const of = common === 1 ? `that name ${mine.length === 1 ? "your skill" : "the one of your skills that is not too rare"} are` : "that name one of your skills, on average, are";
  const basis = `At least ${counted(adverts, "advert", "adverts")}; asks for ${skills} of your ${counted(mine.length, "skill", "skills")}.`;
  return item(data.jobs[index], [`${share < 1 ? "Under 1" : share}% of the adverts ${of} for this job.`, ""], [basis, "basis"]);
}

function removeButton(skill) {
  const made = element("li", ""), button = element("button", "");
  const name = data.skills[skill][0], cross = element("span", " ✕");
  cross.setAttribute("aria-hidden", "true");
  button.type = "button";
  button.append(element("span", "Remove ", "hidden"), name, cross);
  button.addEventListener("click", () => {
    const place = mine.indexOf(skill);
    mine.splice(place, 1);
    show(`${name} removed. `);
    (at("mine").querySelectorAll("button")[Math.min(place, mine.length - 1)] || at("skill")).focus();
  });
  made.append(button);
  return made;
}

function show(said) {
  const skills = best(links, mine, mine, data.n), jobs = best(carries, mine, [], data.n);
  const rare = mine.filter(skill => data.skills[skill][1] < data.support);
  at("mine").replaceChildren(...mine.map(removeButton));
  at("skills").replaceChildren(...skills.map(skillItem));
  at("jobs").replaceChildren(...jobs.map(jobItem));
  at("no-skills").hidden = skills.length > 0;
  at("no-jobs").hidden = jobs.length > 0;
  at("answers").hidden = at("clear").hidden = mine.length === 0;
  at("rare").textContent = rare.map(skill => `${data.skills[skill][0]} is named in ${counted(data.skills[skill][1], "advert", "adverts")}, too few to say anything of.`).join(" ");
  const first = skills.length ? `, the first ${data.skills[skills[0].index][0]}` : "";
  const result = mine.length ? `${counted(skills.length, "skill", "skills")} to look at next${first}; ${counted(jobs.length, "job", "jobs")}.` : "No skills chosen.";
  at("said").textContent = said + result + (rare.length ? ` ${at("rare").textContent}` : "");
}

// How many pairs of letters two names share, 0 to 1: for "did you mean".
function likeness(one, other) {
  const pairs = text => new Set([...text].map((letter, place) => letter + (text[place + 1] || "")));
  const [a, b] = [pairs(fold(one)), pairs(fold(other))];
  return 2 * [...a].filter(pair => b.has(pair)).length / (a.size + b.size);
}

function near(text) {
  const names = data.skills.map(skill => skill[0]);
  const holding = names.filter(name => fold(name).includes(fold(text)));
  const alike = names.filter(name => likeness(name, text) >= 0.4).sort((a, b) => likeness(b, text) - likeness(a, text));
  return [...new Set([...holding, ...alike])].slice(0, 3);
}

function problem(text) {
  at("problem").textContent = text;
  at("skill").setAttribute("aria-invalid", String(Boolean(text)));
}

at("ask").addEventListener("submit", event => {
  event.preventDefault();
  const text = at("skill").value.trim();
  const exact = data.skills.findIndex(skill => skill[0] === text);
  const same = data.skills.flatMap((skill, index) => fold(skill[0]) === fold(text) ? [index] : []);
  const skill = exact >= 0 ? exact : same.length === 1 ? same[0] : -1;
  if (!text) return problem("Type a skill first.");
  if (skill < 0) {
    const names = near(text);
    return problem(`No skill “${text.slice(0, 60)}” in the adverts.` + (names.length ? ` Did you mean ${names.join(" or ")}?` : ""));
  }
  problem("");
  at("skill").value = "";
  const there = mine.includes(skill);
  if (!there) mine.push(skill);
  show(`${data.skills[skill][0]} ${there ? "is there already" : "added"}. `);
});

at("clear").addEventListener("click", () => {
  mine.length = 0;
  problem("");
  show("All skills removed. ");
  at("skill").focus();
});
