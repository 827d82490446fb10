/* The arithmetic of the reconciliation, as in Python: trees of + - * / **, six functions, bounds and verdicts.
   Pure: no page, no state. The tests compare every formula of the book with the Python engine. */
(function (root) {
  "use strict";
  var FUNCTIONS = { abs: Math.abs, exp: Math.exp, log: Math.log, max: Math.max, min: Math.min, sqrt: Math.sqrt };
  var ENDLESS = 1e40, FAR = 1e30, MAX_CORNER_INPUTS = 14;

  /* As in Python: no value at all where a part of it is no finite number (Math.pow(NaN, 0) would be 1). */
  function evaluate(tree, values) {
    try { return compute(tree, values); } catch (error) { return NaN; }
  }

  function compute(tree, values) {
    if (!Array.isArray(tree)) throw new TypeError("not a tree");
    var result = apply(tree, values);
    if (typeof result !== "number" || !Number.isFinite(result)) throw new RangeError("no finite number");
    return result;
  }

  function apply(tree, values) {
    var head = tree[0];
    if (head === "number") return tree[1];
    if (head === "name") return Object.prototype.hasOwnProperty.call(values, tree[1]) ? values[tree[1]] : NaN;
    if (head === "call") {
      if (!Object.prototype.hasOwnProperty.call(FUNCTIONS, tree[1])) return NaN;
      if ((tree[1] === "max" || tree[1] === "min") ? tree.length < 4 : tree.length !== 3) return NaN;
      return FUNCTIONS[tree[1]].apply(null, tree.slice(2).map(function (t) { return compute(t, values); }));
    }
    if (tree.length !== (head === "neg" ? 2 : 3)) return NaN;
    var left = compute(tree[1], values);
    if (head === "neg") return -left;
    var right = compute(tree[2], values);
    switch (head) {
      case "+": return left + right;
      case "-": return left - right;
      case "*": return left * right;
      case "/": return right === 0 ? NaN : left / right;
      case "**": return Math.pow(left, right);
      default: return NaN;
    }
  }

  function names(tree) {
    if (tree[0] === "name") return [tree[1]];
    var found = [];
    for (var i = 1; i < tree.length; i += 1) if (Array.isArray(tree[i])) found = found.concat(names(tree[i]));
    return found;
  }

  function interval(low, high, lowClosed, highClosed) {
    return { low: low, high: high, lowClosed: lowClosed, highClosed: highClosed };
  }
  function point(value) { return interval(value, value, true, true); }
  function scaled(a, factor) { return interval(a.low * factor, a.high * factor, a.lowClosed, a.highClosed); }

  function lastSignificantUnit(value) {
    if (!value) return 1;
    var match = /^(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(Math.abs(value).toExponential());
    return Number("1e" + (Number(match[3]) - (match[2] ? match[2].length : 0)));
  }

  /* Decimal addition of half a unit: 0.92 + 0.005 is 0.925 here, as in Python. */
  function shifted(value, amount) { return Number((value + amount).toPrecision(15)); }

  function printedInterval(figure, qualifier) {
    var value = figure.value, top = figure.high === null ? value : figure.high;
    if (value === null || Number.isNaN(value)) return interval(-Infinity, Infinity, false, false);
    if (figure.counted && qualifier.name === "exact" && Number.isInteger(value)) return point(value);
    function end(rule, number, sign) {
      if (rule === "half_unit") return shifted(number, sign * figure.precision / 2);
      if (rule === "value") return number;
      if (rule === "tolerance") return number + sign * Math.abs(number) * (qualifier.tolerance || 0);
      if (rule === "next_unit") return number + sign * Math.max(figure.precision, lastSignificantUnit(number));
      return sign * Infinity;
    }
    return interval(end(qualifier.lower, value, -1), end(qualifier.upper, top, 1), qualifier.lowerClosed, qualifier.upperClosed);
  }

  function meets(a, b) {
    var lower = a.low <= b.low ? a : b, upper = a.low <= b.low ? b : a;
    var gap = Number.isFinite(lower.high) ? 1e-12 * Math.max(Math.abs(lower.high), Math.abs(upper.low), 1e-300) : 0;
    if (Math.abs(lower.high - upper.low) <= gap) return lower.highClosed && upper.lowClosed;
    return lower.high > upper.low;
  }

  function bounds(tree, intervals, central) {
    var used = names(tree), single = new Set(used).size === used.length ? intervalValue(tree, intervals) : null;
    return single || corners(tree, intervals, Array.from(new Set(used)), central);
  }

  function intervalValue(tree, intervals) {
    var head = tree[0];
    if (head === "number") return point(tree[1]);
    if (head === "name") return intervals[tree[1]];
    var left;
    if (head === "neg") {
      left = intervalValue(tree[1], intervals);
      return left && interval(-left.high, -left.low, left.highClosed, left.lowClosed);
    }
    if ("+-*/".indexOf(head) < 0 || head.length !== 1) return null;
    left = intervalValue(tree[1], intervals);
    var right = intervalValue(tree[2], intervals);
    if (!left || !right) return null;
    if (head === "-") right = interval(-right.high, -right.low, right.highClosed, right.lowClosed);
    if (head === "+" || head === "-") {
      return interval(left.low + right.low, left.high + right.high, left.lowClosed && right.lowClosed, left.highClosed && right.highClosed);
    }
    if (head === "/") {
      if (right.low <= 0 && right.high >= 0) return null;
      right = interval(1 / right.high, 1 / right.low, right.highClosed, right.lowClosed);
    }
    var products = [];
    [[left.low, left.lowClosed], [left.high, left.highClosed]].forEach(function (a) {
      [[right.low, right.lowClosed], [right.high, right.highClosed]].forEach(function (b) {
        products.push([a[0] === 0 || b[0] === 0 ? 0 : a[0] * b[0], a[1] && b[1]]);
      });
    });
    return hull(products);
  }

  function corners(tree, intervals, inputs, central) {
    var free = inputs.filter(function (n) { return intervals[n].low !== intervals[n].high; });
    if (free.length > MAX_CORNER_INPUTS) return interval(-Infinity, Infinity, false, false);
    var ends = [[central, free.length === 0]];
    for (var mask = 0; mask < Math.pow(2, free.length); mask += 1) {
      var values = {}, closed = true;
      inputs.forEach(function (n) { values[n] = intervals[n].low; });
      free.forEach(function (n, index) {
        var side = (mask >> (free.length - 1 - index)) & 1, own = intervals[n], end = side ? own.high : own.low;
        closed = closed && (side ? own.highClosed : own.lowClosed) && Number.isFinite(end);
        values[n] = Number.isFinite(end) ? end : Math.sign(end) * ENDLESS;
      });
      var result = evaluate(tree, values);
      if (Number.isNaN(result)) return interval(-Infinity, Infinity, false, false);
      ends.push([Math.abs(result) < FAR ? result : Math.sign(result) * Infinity, closed]);
    }
    return hull(ends);
  }

  function hull(ends) {
    var low = Infinity, high = -Infinity;
    ends.forEach(function (e) { low = Math.min(low, e[0]); high = Math.max(high, e[0]); });
    function closed(bound) { return ends.some(function (e) { return e[0] === bound && e[1]; }); }
    return interval(low, high, closed(low), closed(high));
  }

  /* Half-up on the decimal text of twelve significant digits, so that 0.285 rounds to 0.29. */
  function roundHalfUp(value, precision) {
    if (!Number.isFinite(value) || !precision) return value;
    var units = Number((Number(value.toPrecision(12)) / precision).toPrecision(13));
    var whole = Math.sign(units) * Math.floor(Math.abs(units) + 0.5);
    return Number((whole * precision).toPrecision(13));
  }

  function close(a, b) { return Math.abs(a - b) <= Math.max(1e-9 * Math.max(Math.abs(a), Math.abs(b)), 1e-12); }

  function verdict(figure, qualifier, answer) {
    var printed = printedInterval(figure, qualifier), touching = meets(printed, answer.interval);
    if (qualifier.name !== "exact" && qualifier.name !== "range") return touching ? "consistent" : "contradicted";
    if (figure.high === null && close(roundHalfUp(answer.value, figure.precision), figure.value)) return "reproduced";
    if (figure.high !== null && answer.value >= printed.low && answer.value <= printed.high) return "reproduced";
    if (touching) return "within_rounding";
    var unit = lastSignificantUnit(figure.value);
    if (qualifier.name === "exact" && unit > figure.precision && unit > 1) {
      var coarse = interval(figure.value - unit / 2, figure.value + unit / 2, qualifier.lowerClosed, qualifier.upperClosed);
      if (meets(coarse, answer.interval)) return "within_rounding";
    }
    return "contradicted";
  }

  var BEST = { reproduced: 0, consistent: 1, within_rounding: 2, contradicted: 3 };

  /* What follows for one figure under all its formulas: the best verdict, its answer, and all readings tried. */
  function reconcile(figure, formulas, figures, qualifiers) {
    var judged = [];
    formulas.forEach(function (formula) {
      var values = {}, intervals = {};
      Object.keys(formula.inputs).forEach(function (name) {
        var input = figures[formula.inputs[name]], top = input.high === null ? input.value : input.high;
        values[name] = (input.value + top) / 2 * input.factor;
        intervals[name] = scaled(printedInterval(input, qualifiers[input.qualifier]), input.factor);
      });
      var central = evaluate(formula.tree, values);
      if (Number.isNaN(central)) return;
      var answer = { value: central / figure.factor, interval: scaled(bounds(formula.tree, intervals, central), 1 / figure.factor), formula: formula };
      judged.push({ verdict: verdict(figure, qualifiers[figure.qualifier], answer), answer: answer });
    });
    judged.sort(function (a, b) { return BEST[a.verdict] - BEST[b.verdict]; });
    return judged.length ? { verdict: judged[0].verdict, answer: judged[0].answer, tried: judged } : null;
  }

  root.DecisionBookEngine = {
    bounds: bounds, evaluate: evaluate, meets: meets, printedInterval: printedInterval, reconcile: reconcile, roundHalfUp: roundHalfUp, verdict: verdict,
  };
  if (typeof module !== "undefined" && module.exports) module.exports = root.DecisionBookEngine;
})(typeof window === "undefined" ? globalThis : window);
