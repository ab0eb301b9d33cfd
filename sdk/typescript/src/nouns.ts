// Short names for the nouns of the API.
import type { components } from "./schema";

type S = components["schemas"];

export type Capabilities = S["Capabilities"];
export type Capability = Capabilities["capabilities"][number];
export type Me = S["Me"];
export type Job = S["Job"];
export type JobPage = S["JobPage"];
export type Fact = S["Fact"];

export type Verdict = S["Verdict"];
export type Evidence = S["Evidence"];
export type EvidencePage = S["EvidencePage"];
export type Check = S["Check"];
export type Replay = S["Replay"];
export type Verification = S["Verification"];

export type Source = S["Source"];
export type SourcePage = S["SourcePage"];
export type SourceCheck = S["SourceCheck"];
export type Lack = S["Lack"];
export type Schema = S["Schema"];
export type Table = S["Table"];
export type InitScript = S["InitScript"];

export type Span = S["Span"];
export type SqlText = S["SqlText"];
export type QueryChip = S["Chip"];
export type Plan = S["Plan"];
export type PlanNode = S["PlanNode"];
export type PlanComparison = S["PlanComparison"];
export type Sample = S["Sample"];
export type Point = S["Point"];
export type Load = S["Load"];
export type Finding = S["Finding"];
export type Recommendation = S["Recommendation"];
export type RecommendationPage = S["RecommendationPage"];
export type Bottleneck = S["Bottleneck"];
export type BottleneckPage = S["BottleneckPage"];
export type QueryDetail = S["QueryDetail"];
export type IndexAdvice = S["IndexAdvice"];
export type AdviceStep = S["AdviceStep"];
export type ModelsPart = S["ModelsPart"];
export type Simulation = S["Simulation"];
export type Measurement = S["Measurement"];
export type Runbook = S["Runbook"];
export type RunbookStep = S["RunbookStep"];
export type ScanReport = S["ScanReport"];
export type ScanPage = S["ScanReportPage"];
export type ScanSchedule = S["ScanSchedule"];
export type Activity = S["Activity"];

export type AiStatus = S["AiStatus"];
export type GeneratedSql = S["GeneratedSql"];
export type CheckedSql = S["CheckedSql"];
export type RanSql = S["RanSql"];
export type SqlClause = S["Clause"];
export type SqlWords = S["Words"];
export type SqlCheck = S["SqlCheck"];
export type SqlReading = S["Alternative"];
export type SqlRows = S["Rows"];

export type PluginLine = S["PluginLine"];
export type Plugins = S["Plugins"];
export type PluginState = PluginLine["state"];
export type PluginHealth = S["PluginHealth"];
export type StoreLine = S["StoreLine"];
export type Stores = S["Stores"];
export type StoreKind = S["StoreKind-Output"];
export type KindParam = StoreKind["params"][number];
export type SaveStore = S["SaveStore"];
export type StoreStatus = S["StoreStatus"];
export type FileProblem = S["FileProblem"];
export type LogLine = S["LogLine"];
export type LogLinePage = S["LogLinePage"];

export type ModelList = S["ModelList"];
export type ModelLine = S["ModelLine"];
export type ModelProbe = S["ModelProbe"];
export type ProviderKey = S["ProviderKey"];
