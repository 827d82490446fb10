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

  function meets(a, b) { return reaches(a, b) && reaches(b, a); }

  /* Whether the upper end of one lies at or above the lower end of the other, and belongs to both. */
  function reaches(one, other) {
    var high = one.high, low = other.low, gap = 1e-12 * Math.max(Math.abs(high), Math.abs(low), 1e-300);
    if (Number.isFinite(high) && Number.isFinite(low) && Math.abs(high - low) <= gap) return one.highClosed && other.lowClosed;
    return high > low;
  }

  /* A formula that uses each input once by interval arithmetic, any other at the corners of its inputs; no bounds where
     a divisor may be zero, those of interval arithmetic where a part turns back at zero or the inputs are too many. */
  function bounds(tree, intervals, central) { return formulaBounds(tree, intervals, central, new Map()); }

  function formulaBounds(tree, intervals, central, known) {
    if (mayDivideByZero(tree, intervals, known)) return interval(-Infinity, Infinity, false, false);
    var used = names(tree), inputs = Array.from(new Set(used)), once = inputs.length === used.length;
    var free = inputs.filter(function (n) { return intervals[n].low !== intervals[n].high; });
    if (once || free.length > MAX_CORNER_INPUTS || turnsAtZero(tree, intervals, known)) {
      var enclosure = intervalValue(tree, intervals);
      if (enclosure) return enclosure;
      if (!once) return interval(-Infinity, Infinity, false, false);
    }
    return corners(tree, intervals, inputs, central);
  }

  function parts(tree) { return tree.slice(1).filter(Array.isArray); }

  /* The bounds of a part; `known` holds those of the parts asked for before. */
  function over(tree, intervals, known) {
    if (!known.has(tree)) {
      var values = {};
      Object.keys(intervals).forEach(function (n) {
        var low = intervals[n].low, high = intervals[n].high;
        values[n] = Number.isFinite(low) && Number.isFinite(high) ? (low + high) / 2 : Number.isFinite(low) ? low : Number.isFinite(high) ? high : 0;
      });
      var central = evaluate(tree, values);
      known.set(tree, Number.isNaN(central) ? interval(-Infinity, Infinity, false, false) : formulaBounds(tree, intervals, central, known));
    }
    return known.get(tree);
  }

  function mayDivideByZero(tree, intervals, known) {
    var own = parts(tree), divisor = tree[0] === "/" ? own[1] : null;
    if (tree[0] === "**" && over(own[1], intervals, known).low < 0) divisor = own[0];
    if (divisor) {
      var inner = over(divisor, intervals, known);
      if (inner.low <= 0 && inner.high >= 0) return true;
    }
    return own.some(function (part) { return mayDivideByZero(part, intervals, known); });
  }

  function isEven(exponent) { return exponent.low === exponent.high && exponent.low % 2 === 0; }

  function turnsAtZero(tree, intervals, known) {
    var own = parts(tree);
    if ((tree[0] === "call" && tree[1] === "abs") || (tree[0] === "**" && isEven(over(own[1], intervals, known)))) {
      var inner = over(own[0], intervals, known);
      if (inner.low < 0 && inner.high > 0) return true;
    }
    return own.some(function (part) { return turnsAtZero(part, intervals, known); });
  }

  function intervalValue(tree, intervals) {
    var head = tree[0];
    if (head === "number") return point(tree[1]);
    if (head === "name") return intervals[tree[1]];
    var known = parts(tree).map(function (part) { return intervalValue(part, intervals); });
    if (!known.every(Boolean)) return null;
    if (head === "call") return called(tree[1], known);
    if (head === "neg") return negative(known[0]);
    var left = known[0], right = known[1];
    if (head === "**") return power(left, right);
    if (head === "-") right = negative(right);
    if (head === "+" || head === "-") {
      return interval(left.low + right.low, left.high + right.high, left.lowClosed && right.lowClosed, left.highClosed && right.highClosed);
    }
    if (head === "/") {
      if (right.low <= 0 && right.high >= 0) return null;
      right = interval(1 / right.high, 1 / right.low, right.highClosed, right.lowClosed);
    }
    return pairs(left, right, function (a, b) { return a === 0 || b === 0 ? 0 : a * b; });
  }

  function negative(inner) { return interval(-inner.high, -inner.low, inner.highClosed, inner.lowClosed); }

  function ends(inner) { return [[inner.low, inner.lowClosed], [inner.high, inner.highClosed]]; }

  function pairs(left, right, apply) {
    var found = [];
    ends(left).forEach(function (a) {
      ends(right).forEach(function (b) { found.push([apply(a[0], b[0]), a[1] && b[1]]); });
    });
    return hull(found);
  }

  function called(name, known) {
    var first = known[0], all = function (list) { return list.every(Boolean); }, any = function (list) { return list.some(Boolean); };
    if (name === "abs") return even(first, Math.abs);
    if (name === "max" || name === "min") {
      var chosen = FUNCTIONS[name], low = chosen.apply(null, known.map(function (i) { return i.low; }));
      var high = chosen.apply(null, known.map(function (i) { return i.high; }));
      var lows = known.filter(function (i) { return i.low === low; }).map(function (i) { return i.lowClosed; });
      var highs = known.filter(function (i) { return i.high === high; }).map(function (i) { return i.highClosed; });
      return name === "max" ? interval(low, high, all(lows), any(highs)) : interval(low, high, any(lows), all(highs));
    }
    if ((name === "log" && first.low <= 0) || (name === "sqrt" && first.low < 0)) return null;
    return interval(FUNCTIONS[name](first.low), FUNCTIONS[name](first.high), first.lowClosed, first.highClosed);
  }

  function power(base, exponent) {
    var number = exponent.low === exponent.high ? exponent.low : null;
    if (number !== null && number === Math.floor(number) && number > 0) {
      if (isEven(exponent)) return even(base, function (x) { return Math.pow(x, number); });
      return interval(Math.pow(base.low, number), Math.pow(base.high, number), base.lowClosed, base.highClosed);
    }
    return base.low <= 0 ? null : pairs(base, exponent, Math.pow);
  }

  /* A function that falls below zero and rises above. */
  function even(inner, apply) {
    var both = hull(ends(inner).map(function (e) { return [apply(e[0]), e[1]]; }));
    return inner.low < 0 && inner.high > 0 ? interval(apply(0), both.high, true, both.highClosed) : both;
  }

  function corners(tree, intervals, inputs, central) {
    var free = inputs.filter(function (n) { return intervals[n].low !== intervals[n].high; });
    var found = [[central, free.length === 0]];
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
      found.push([Math.abs(result) < FAR ? result : Math.sign(result) * Infinity, closed]);
    }
    return hull(found);
  }

  function hull(found) {
    var low = Infinity, high = -Infinity;
    found.forEach(function (e) { low = Math.min(low, e[0]); high = Math.max(high, e[0]); });
    function closed(bound) { return found.some(function (e) { return e[0] === bound && e[1]; }); }
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
