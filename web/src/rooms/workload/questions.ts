// What this room asks the server, under the names their answers are kept by.
import type { Activity, BottleneckPage, IndexAdvice, QueryDetail, Recommendation, RecommendationPage } from "@assay/client";
import { useAnswer, type Answer } from "../../shell/answers";
import { assay } from "../../shell/client";

export type Sort = "total" | "mean" | "calls" | "rows" | "blocks";
export type Show = "all" | "proved" | "withheld";

export interface BottleneckQuestion {
  source: string;
  since: number | null;
  sort: Sort;
  show: Show;
  search: string;
  minMean: number;
  /** So many rows; more are asked for page by page. */
  pages: number;
}

export const PAGE = 25;

function asked({ source, since, sort, show, search, minMean }: BottleneckQuestion) {
  return {
    source, sort, show,
    ...(since !== null ? { since_minutes: since } : {}),
    ...(search ? { search } : {}),
    ...(minMean > 0 ? { min_mean_ms: minMean } : {}),
  };
}

/** Ask page after page and put them together; the head is the first page's. */
export async function readBottlenecks(question: BottleneckQuestion, signal?: AbortSignal, limit = PAGE): Promise<BottleneckPage> {
  const ask = (cursor: string | null): Promise<BottleneckPage> => assay.get("/api/v1/bottlenecks", {
    query: { ...asked(question), limit, ...(cursor ? { cursor } : {}) }, ...(signal ? { signal } : {}),
  });
  let page = await ask(null);
  for (let at = 1; at < question.pages && page.next_cursor; at++) {
    const next = await ask(page.next_cursor);
    page = { ...page, items: [...page.items, ...next.items], next_cursor: next.next_cursor };
  }
  return page;
}

export function useBottlenecks(question: BottleneckQuestion | null): Answer<BottleneckPage> {
  const key = question && `bottlenecks:${JSON.stringify(question)}`;
  return useAnswer(key, (signal) => readBottlenecks(question!, signal));
}

export function useActivity(source: string | null, minutes: number): Answer<Activity> {
  return useAnswer(source && `activity:${source}:${minutes}`, (signal) => assay.get("/api/v1/activity", { query: { source: source!, since_minutes: minutes }, signal }));
}

export function useQuery(id: string, since: number | null): Answer<QueryDetail> {
  return useAnswer(`query:${id}:${since}`, (signal) => assay.get("/api/v1/queries/{id}", { path: { id }, query: since !== null ? { since_minutes: since } : {}, signal }));
}

/** The last advice over the whole workload, without the recommendations it made. */
export function useAdvice(source: string | null): Answer<{ advice: IndexAdvice | null; computedAt: string | null }> {
  return useAnswer(source && `advice:${source}`, async (signal) => {
    const page: RecommendationPage = await assay.get("/api/v1/recommendations", { query: { source: source!, limit: 1 }, signal });
    return { advice: page.advice, computedAt: page.computed_at };
  });
}

/** Everything the last advice found. */
export function useRecommendations(source: string | null): Answer<{ advice: IndexAdvice | null; computedAt: string | null; items: Recommendation[] }> {
  return useAnswer(source && `recommendations:${source}`, async (signal) => {
    const items: Recommendation[] = [];
    let cursor: string | null = null;
    for (;;) {
      const page: RecommendationPage = await assay.get("/api/v1/recommendations", { query: { source: source!, limit: 200, ...(cursor ? { cursor } : {}) }, signal });
      items.push(...page.items);
      cursor = page.next_cursor;
      if (!cursor || items.length >= 2_000) return { advice: page.advice, computedAt: page.computed_at, items };
    }
  });
}

/** What a scan or an advice changes. */
export const CHANGED_BY_SCAN = ["bottlenecks:", "activity:", "query:", "advice:", "recommendations:", "ledger:"];
