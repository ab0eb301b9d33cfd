// The page starts here.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./kit/css/index.css";
import { startRouter } from "./shell/router";
import { Root } from "./shell/Root";
import { startSession } from "./shell/session";

startRouter();
void startSession();
createRoot(document.getElementById("root")!).render(<StrictMode><Root /></StrictMode>);
