// Sets the chosen theme before the first paint; the name carries a version because it is cached for good.
(function () {
  try {
    var theme = localStorage.getItem("assay.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (e) {
    /* storage is off: follow the system */
  }
})();
