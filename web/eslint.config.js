// What the linter holds the page to, the strict content policy included.
import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const forbidden = [
  { selector: "JSXAttribute[name.name='style']", message: "No inline styles: use a class, or an SVG attribute." },
  { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Text is text, never HTML." },
  { selector: "MemberExpression[property.name=/^(innerHTML|outerHTML)$/]", message: "Text is text, never HTML." },
];

export default tseslint.config(
  { ignores: ["node_modules/**", "**/src/schema.ts", "public/**"] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks, "jsx-a11y": a11y },
    rules: {
      ...a11y.configs.recommended.rules,
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "jsx-a11y/no-noninteractive-tabindex": ["error", { tags: [], roles: ["tabpanel", "region", "group"], allowExpressionValues: true }],
      "no-restricted-syntax": ["error", ...forbidden],
      "max-lines": ["error", { max: 400 }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
  {
    files: ["dev/**", "*.js", "*.ts"],
    languageOptions: { globals: { process: "readonly", console: "readonly", setTimeout: "readonly", URL: "readonly", document: "readonly", window: "readonly", performance: "readonly" } },
  },
);
