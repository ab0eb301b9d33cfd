// Decides what is shown at all: the door, the frame, or nobody at home.
import { useEffect } from "react";
import { Failed } from "../kit/Failed";
import { Frame, Waiting } from "./Frame";
import { here, navigate, usePlace } from "./router";
import { useRooms } from "./rooms";
import { askWho, useSession } from "./session";
import { SignIn } from "./SignIn";

export function Root() {
  const { signedIn, error, offline } = useSession();
  const { path } = usePlace();
  const rooms = useRooms();
  const first = rooms.find((room) => room.pages.length > 0)?.name;
  useEffect(() => {
    if (signedIn === "in" && first && (path === "/" || path === "/sign-in")) navigate(here(`/${first}`), { replace: true });
  }, [signedIn, first, path]);
  if (signedIn === "out" || signedIn === "refused") return <SignIn />;
  if (signedIn === "asking") {
    if (error !== null && !offline) return <main className="gate"><section className="card"><Failed error={error} what="Can't start the page" onAgain={() => void askWho()} /></section></main>;
    return <Waiting />;
  }
  return <Frame />;
}
