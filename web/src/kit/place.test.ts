import { act, renderHook } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { keepDoor, usePlace } from "./place";

/** The browser answers going back and forth later, by an event. */
const traversal = () => new Promise((done) => window.addEventListener("popstate", done, { once: true }));

async function back() {
  const gone = traversal();
  history.back();
  await act(async () => void (await gone));
}

describe("the doorkeeper of a screen", () => {
  let dismiss = () => {};
  afterEach(() => dismiss());

  it("keeps a person from a link until the answer is there", () => {
    const { result } = renderHook(() => usePlace());
    act(() => result.current[1]("/one"));
    let go = () => {};
    dismiss = keepDoor((asked) => {
      go = asked;
      return true;
    });
    act(() => result.current[1]("/two"));
    expect(result.current[0]).toBe("/one");
    act(() => go());
    expect([result.current[0], location.pathname]).toEqual(["/two", "/two"]);
  });

  it("calls the browser back where it went first, and lets it go when told", async () => {
    const { result } = renderHook(() => usePlace());
    act(() => result.current[1]("/one"));
    act(() => result.current[1]("/two"));
    let held = true;
    let go = () => {};
    dismiss = keepDoor((asked) => {
      go = asked;
      return held;
    });
    await back();
    const home = traversal();
    await act(async () => void (await home));
    expect([result.current[0], location.pathname]).toEqual(["/two", "/two"]);
    held = false;
    const gone = traversal();
    go();
    await act(async () => void (await gone));
    expect([result.current[0], location.pathname]).toEqual(["/one", "/one"]);
  });

  it("lets everybody through who has nothing to lose", async () => {
    const { result } = renderHook(() => usePlace());
    act(() => result.current[1]("/one"));
    act(() => result.current[1]("/two", { replace: true }));
    act(() => result.current[1]("/three"));
    dismiss = keepDoor(() => false);
    await back();
    expect(result.current[0]).toBe("/two");
  });
});
