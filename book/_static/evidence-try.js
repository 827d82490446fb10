/* Trying other prints in the view of a number: the same engine and data as 复核总表, loaded when asked for.
   Nothing is kept: closing the view or 复位 brings the prints back. */
(function () {
  "use strict";
  var data = window.decisionbookReconciliation, engine = window.DecisionBookEngine;
  var WORDS = { reproduced: "一致", within_rounding: "舍入内一致", consistent: "成立", contradicted: "不符", input: "引用", unverifiable: "缺数据" };
  var MOST = 6;

  function make(tag, className, children) {
    var element = document.createElement(tag);
    if (className) { element.className = className; }
    [].concat(children === undefined ? [] : children).forEach(function (child) { element.append(child); });
    return element;
  }
  function shown(value) {
    if (!Number.isFinite(value)) { return "—"; }
    return String(Number(value.toPrecision(6))).replace("-", "−");
  }

  /* Fill `holder` with the inputs of a figure to change and what follows; `moved` is told when the view has grown. */
  window.DecisionBookTry = function (holder, id, moved) {
    var base = {}, now = {}, own = data.formulas.filter(function (f) { return f.figure === id; });
    data.figures.forEach(function (f) { base[f.id] = now[f.id] = f; });
    if (!own.length || !base[id]) { return; }
    var ids = Array.from(new Set(own.flatMap(function (f) { return Object.values(f.inputs); })));
    var result = make("p", "evidence-tried"), others = make("ul"), fields = {};
    result.setAttribute("role", "status");

    function judge(figures, figure) {
      return engine.reconcile(figures[figure], data.formulas.filter(function (f) { return f.figure === figure; }), figures, data.qualifiers);
    }
    /* The other figures that a changed print enters, where what follows for them is another now. */
    function dependants() {
      var touched = ids.filter(function (i) { return now[i] !== base[i]; });
      var figures = new Set(data.formulas.filter(function (f) {
        return f.figure !== id && Object.values(f.inputs).some(function (i) { return touched.indexOf(i) >= 0; });
      }).map(function (f) { return f.figure; }));
      return Array.from(figures).map(function (figure) { return [figure, judge(base, figure), judge(now, figure)]; }).filter(function (each) {
        return each[1] && each[2] && (each[1].verdict !== each[2].verdict || each[1].answer.value !== each[2].answer.value);
      });
    }
    function update() {
      var got = judge(now, id), unit = base[id].unit, before = judge(base, id), changed = ids.some(function (i) { return now[i] !== base[i]; });
      if (!got) { result.textContent = "这样改，算式没有值"; others.replaceChildren(); moved(); return; }
      var mark = make("span", "evidence " + got.verdict);
      mark.setAttribute("aria-hidden", "true");
      result.replaceChildren("试算 ", make("b", "", shown(got.answer.value) + (unit === "1" ? "" : " " + unit)), mark, " " + WORDS[got.verdict],
        changed && got.verdict !== before.verdict ? "（原：" + WORDS[before.verdict] + "）" : "");
      var rest = dependants();
      others.replaceChildren.apply(others, rest.slice(0, MOST).map(function (each) {
        return make("li", "", base[each[0]].published.replace(/\s+/g, "") + "（" + each[0] + "）：" + shown(each[2].answer.value) + "，" + WORDS[each[2].verdict]);
      }).concat(rest.length > MOST ? [make("li", "", "另有 " + (rest.length - MOST) + " 个数随之改变，见复核总表")] : []));
      reset.disabled = !changed;
      moved();
    }
    var reset = make("button", "evidence-reset", "复位");
    reset.type = "button";
    reset.addEventListener("click", function () {
      ids.forEach(function (i) {
        now[i] = base[i];
        if (fields[i]) { fields[i].value = String(base[i].value); }
      });
      update();
    });
    var list = make("ul", "", ids.filter(function (i) { return base[i].value !== null; }).map(function (i) {
      var field = fields[i] = make("input"), words = base[i].published.replace(/\s+/g, "");
      field.type = "number";
      field.step = "any";
      field.value = String(base[i].value);
      field.setAttribute("aria-label", "把印刷数 " + words + " 改为");
      field.addEventListener("input", function () {
        var value = Number(field.value);
        if (field.value === "" || !Number.isFinite(value)) { return; }
        now[i] = value === base[i].value ? base[i] : Object.assign({}, base[i], { value: value });
        update();
      });
      return make("li", "", make("label", "", [make("span", "", words), field, make("small", "", base[i].unit === "1" ? "" : base[i].unit)]));
    }));
    holder.replaceChildren(list, result, others, reset);
    update();
    (fields[ids[0]] || reset).focus({ preventScroll: true });
  };
})();
