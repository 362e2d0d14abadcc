// A customer health score, 0..100, made by chs_ml. It runs in a browser and in Node 18 or newer, without libraries.
//
// In JavaScript:        import { score, churnProbability, band, read } from "./health_score.mjs";
// On the command line:  node health_score.mjs --self-test      (answers the customers in VECTORS again, and compares)
//
// A customer is an object that has every name in METRICS. null, undefined, NaN, an infinity and "" are a value that is
// missing; text that is not a number is an error where a number is read.

/** @typedef {Record<string, unknown>} Customer */
/** @typedef {{metric: string, above?: number, level?: Levels, holds: boolean}} Condition */
/**
 * Where each level stands: by its text, as a whole number, and as a number.
 * @typedef {{size: number, byText: Map<string, number>, byWhole: Map<string, number>, byNumber: Map<number, number>}}
 *   Levels
 */
/**
 * @typedef {{
 *   label: string, metric: string, weight: number, average: number, when?: Condition, otherwise?: number,
 *   knots?: number[], levels?: Levels, values: number[], other?: number, missing: number,
 * }} Term
 */
/** @typedef {{name: string, color: string, from: number}} Band */
/** @typedef {{when: Condition, band: string, because: string}} Rule */
/** @typedef {{metric: string | null, from: number, because: string}} Floor */
/**
 * @typedef {{
 *   score: number, churn_probability: number | null, band: string | null, band_by_score: string | null,
 *   coverage: number, reason_1: string, reason_2: string, reason_3: string, formula: string, digest: string,
 * }} Reading
 */
/**
 * A number or a text; neither where the value is missing.
 * @typedef {{text: string | null, number: number | null}} Value
 */

const WHOLE = /^(-?(?:0|[1-9][0-9]*))(?:\.0+)?$/;

// formula: begin
const CALLED = "an example", DIGEST = "";
/** @type {[string, string][]} */
export const METRICS = [["logins", "number"], ["plan", "level"]];
/** @type {Term[]} */
const TERMS = [
  {"label": "Logins", "metric": "logins", "weight": 0.75, "average": 0.5, "knots": [0, 10], "values": [0, 1],
   "missing": 0.5},
  {"label": "Plan", "metric": "plan", "weight": 0.25, "average": 0.5, "levels": levels(["gold"], []), "values": [1],
   "other": 0, "missing": 0.5},
];
/** @type {{a: number, b: number} | null} */
const LINK = {"a": -1, "b": 4};
/** @type {Band[]} */
const BANDS = [{"name": "healthy", "color": "green", "from": 50}, {"name": "unhealthy", "color": "red", "from": 0}];
/** @type {Rule[]} */
const RULES = [];
/** @type {Floor[]} */
const SCORE_WHEN = [];
// formula: end

/** A band holds from its cut less this, whatever the order in which a machine adds up. */
const TOLERANCE = 1e-9;
/** Points below the average customer from which a term is a reason. */
const WORTH_SAYING = 0.5;
const MISSING = -1;

/** A customer without a metric that the formula reads, or with a value that cannot be read. */
export class CustomerError extends Error {}

/**
 * The health score, 0..100.
 * @param {Customer} customer
 * @returns {number}
 */
export function score(customer) {
  return read(customer).score;
}

/**
 * The probability of churn, 0..1; throws where the formula has no link to churn.
 * @param {Customer} customer
 * @returns {number}
 */
export function churnProbability(customer) {
  const found = read(customer).churn_probability;
  if (found === null) {
    throw new Error("this formula has no link to churn: it was written by hand and never calibrated");
  }
  return found;
}

/**
 * The band after the rules, "not scored" where too little is known; null where the formula has no bands.
 * @param {Customer} customer
 * @returns {string | null}
 */
export function band(customer) {
  return read(customer).band;
}

/**
 * Score, probability, bands, coverage, the three weightiest reasons, and which formula said so.
 * Throws a CustomerError that names the metric which is absent, or whose value is not a number.
 * @param {Customer} customer
 * @returns {Reading}
 */
export function read(customer) {
  const values = new Map(METRICS.map(([metric, kind]) => [metric, valueOf(customer, metric, kind)]));
  const health = TERMS.map((term) => healthOf(term, values));
  const points = 100 * summed(TERMS.map((term, at) => term.weight * health[at]));
  const covered = Math.min(1, summed(TERMS.map((term) => (isKnown(term, values) ? term.weight : 0))));
  const unscored = notScoredBecause(values, covered);
  const reasons = [...(unscored ? [unscored] : []), ...reasonsOf(health), "", "", ""];
  const byScore = bandByScore(points);
  return {
    score: points,
    churn_probability: LINK === null ? null : churn(points, LINK),
    band: unscored ? "not scored" : bandAfterRules(byScore, values),
    band_by_score: byScore,
    coverage: covered,
    reason_1: reasons[0],
    reason_2: reasons[1],
    reason_3: reasons[2],
    formula: CALLED,
    digest: DIGEST,
  };
}

// Terms

/** @param {Term} term @param {Map<string, Value>} values */
function healthOf(term, values) {
  if (term.when && !holds(term.when, values)) return Number(term.otherwise);
  const value = the(values, term.metric);
  if (term.levels) {
    const at = position(value, term.levels);
    if (at === MISSING) return term.missing;
    return at < term.values.length ? term.values[at] : Number(term.other);
  }
  return value.number === null ? term.missing : along(value.number, term.knots ?? [], term.values);
}

/**
 * The height of a curve: straight between its knots, flat outside.
 * @param {number} x @param {number[]} knots @param {number[]} values
 */
function along(x, knots, values) {
  if (x <= knots[0]) return values[0];
  for (let at = 1; at < knots.length; at += 1) {
    if (x < knots[at]) {
      const slope = (values[at] - values[at - 1]) / (knots[at] - knots[at - 1]);
      return values[at - 1] + (x - knots[at - 1]) * slope;
    }
  }
  return values[values.length - 1];
}

/**
 * Whether the metric is there; a level that the formula does not list counts as absent.
 * @param {Term} term @param {Map<string, Value>} values
 */
function isKnown(term, values) {
  const value = the(values, term.metric);
  if (!term.levels) return value.number !== null;
  const at = position(value, term.levels);
  return at >= 0 && at < term.values.length;
}

/**
 * Whether a condition is as asked; of a value that is missing nothing is true.
 * @param {Condition} when @param {Map<string, Value>} values
 */
function holds(when, values) {
  const value = the(values, when.metric);
  const isTrue = when.level
    ? position(value, when.level) === 0
    : value.number !== null && value.number > Number(when.above);
  return isTrue === when.holds;
}

/** @param {Map<string, Value>} values @param {string} metric */
function the(values, metric) {
  return values.get(metric) ?? { text: null, number: null };
}

/** @param {number[]} parts */
function summed(parts) {
  return parts.reduce((total, part) => total + part, 0);
}

// From the score to what is said of it

/** @param {number} points @param {{a: number, b: number}} link */
function churn(points, link) {
  const odds = -(link.a + link.b * (points / 100));
  const small = Math.exp(-Math.abs(odds));
  return (odds >= 0 ? 1 : small) / (1 + small);
}

/** @param {number} points */
function bandByScore(points) {
  if (BANDS.length === 0) return null;
  return (BANDS.find((one) => points >= one.from - TOLERANCE) ?? BANDS[BANDS.length - 1]).name;
}

/**
 * A later rule has the last word.
 * @param {string | null} found @param {Map<string, Value>} values
 */
function bandAfterRules(found, values) {
  return RULES.reduce((before, rule) => (holds(rule.when, values) ? rule.band : before), found);
}

/** @param {Map<string, Value>} values @param {number} covered */
function notScoredBecause(values, covered) {
  const failed = SCORE_WHEN.find((floor) => {
    if (floor.metric === null) return !(covered >= floor.from - TOLERANCE);
    const { number } = the(values, floor.metric);
    return number === null || !(number >= floor.from);
  });
  return failed ? failed.because : "";
}

/**
 * "Contract: -12 points" of the three terms that cost most against the average customer.
 * @param {number[]} health
 */
function reasonsOf(health) {
  /** @type {[number, string][]} */
  const changes = TERMS.map(({ label, weight, average }, at) => [100 * weight * (health[at] - average), label]);
  const worst = changes.filter(([change]) => change < -WORTH_SAYING).sort(([one], [other]) => one - other).slice(0, 3);
  return worst.map(([change, label]) => {
    const lost = Math.min(100, Math.max(1, rounded(-change)));
    return `${label}: -${lost} ${lost === 1 ? "point" : "points"}`;
  });
}

/**
 * The nearest whole number, the even one of two: 2.5 is 2.
 * @param {number} x
 */
function rounded(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

// Values

const SPACE = "\\t-\\r\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const BLANK = new RegExp(`^[\\x1c-\\x1f${SPACE}]*$`);
const NUMBER = new RegExp(`^[${SPACE}]*([+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[${SPACE}]*$`);
const NOT_FINITE = new RegExp(`^[${SPACE}]*[+-]?(?:nan|inf|infinity)[${SPACE}]*$`, "i");

/**
 * @param {Customer} customer @param {string} metric @param {string} kind
 * @returns {Value}
 */
function valueOf(customer, metric, kind) {
  if (!Object.hasOwn(customer, metric)) {
    throw new CustomerError(`metric ${quoted(metric)} is not there; the formula reads it. Give null where unknown`);
  }
  const value = customer[metric];
  switch (typeof value) {
    case "number":
      return { text: null, number: Number.isFinite(value) ? value : null };
    case "bigint":
      return valueOfText(metric, String(value));
    case "boolean":
      return kind === "number" ? { text: null, number: Number(value) } : { text: String(value), number: null };
    case "string":
      if (kind === "number") return valueOfText(metric, value);
      return { text: value === "" ? null : value, number: null };
    case "undefined":
      return { text: null, number: null };
    default:
      if (value === null) return { text: null, number: null };
      throw new CustomerError(`metric ${quoted(metric)}: a value is a number, text, true, false or null`);
  }
}

/**
 * The number that a text is; not the one that JavaScript finds in "0x10" or in an empty text.
 * @param {string} metric @param {string} text
 * @returns {Value}
 */
function valueOfText(metric, text) {
  const found = NUMBER.exec(text);
  if (!found && !BLANK.test(text) && !NOT_FINITE.test(text)) {
    throw new CustomerError(`metric ${quoted(metric)}: ${quoted(text)} is not a number`);
  }
  const number = found ? Number(found[1]) : NaN;
  return { text: null, number: Number.isFinite(number) ? number : null };
}

/** @param {string} text */
function quoted(text) {
  return `'${text.slice(0, 40)}'`;
}

// Levels

/**
 * numbers: [number, which of the names it is], for names that read as a number.
 * @param {string[]} names @param {[number, number][]} numbers
 * @returns {Levels}
 */
function levels(names, numbers) {
  const wholes = names.map((name, at) => /** @type {const} */ ([whole(name), at]));
  return {
    size: names.length,
    byText: new Map(names.map((name, at) => [name, at])),
    byWhole: new Map(wholes.filter(([name]) => name !== "")),
    byNumber: new Map(numbers),
  };
}

/**
 * Which of the levels a value is; their number for one that is not listed, -1 for one that is missing. The same text;
 * or 1, "1" and "1.0" for one whole number, and true for "True" and "TRUE".
 * @param {Value} value @param {Levels} among
 */
function position(value, among) {
  const { text, number } = value;
  if (number !== null) return among.byNumber.get(number) ?? among.size;
  if (text === null) return MISSING;
  const same = among.byText.get(text);
  if (same !== undefined) return same;
  const lower = text.toLowerCase();
  if (lower !== "true" && lower !== "false") return among.byWhole.get(whole(text)) ?? among.size;
  const forms = [lower, lower[0].toUpperCase() + lower.slice(1), lower.toUpperCase()];
  const form = forms.find((one) => among.byText.has(one));
  return form === undefined ? among.size : Number(among.byText.get(form));
}

/** @param {string} text */
function whole(text) {
  return WHOLE.exec(text)?.[1] ?? "";
}

// The test that the file carries

/**
 * What this formula says otherwise than was written when the file was made; [] where nothing.
 * @returns {string[]}
 */
export function selfTest() {
  return VECTORS.flatMap(([values, expected]) => {
    const answers = read(Object.fromEntries(METRICS.map(([metric], at) => [metric, values[at]])));
    const said = [answers.score, answers.churn_probability, answers.band];
    return said.flatMap((found, at) => {
      const written = expected[at];
      const numbers = typeof found === "number" && typeof written === "number";
      if (numbers ? Math.abs(found - written) <= TOLERANCE : found === written) return [];
      const what = ["score", "churn_probability", "band"][at];
      return [`${what} is ${found}, written ${written}, of the customer ${JSON.stringify(values)}`];
    });
  });
}

// vectors: begin
/** @type {[unknown[], [number, number | null, string | null]][]} */
const VECTORS = [
  [[10, "gold"], [100, 0.04742587317756678, "healthy"]],
  [[null, "silver"], [37.5, 0.3775406687981454, "unhealthy"]],
];
// vectors: end

const { process } = /** @type {any} */ (globalThis);
const [, program, ...asked] = process?.argv ?? [];
const here = program && decodeURIComponent(import.meta.url.split("/").pop() ?? "");
if (here && program.split(/[/\\]/).pop() === here && asked.length && !asked.includes("--self-test")) {
  console.error(`usage: node ${here} --self-test\nOr import { read } from "./${here}" and give it a customer.`);
  process.exitCode = 2;
} else if (here && program.split(/[/\\]/).pop() === here && asked.length) {
  const different = selfTest();
  const found = different.length ? `${different.length} differences in` : "no difference in";
  console.log([...different, `${found} ${VECTORS.length} customers, formula ${DIGEST.slice(0, 12)}`].join("\n"));
  process.exitCode = different.length || !VECTORS.length ? 1 : 0;
}
