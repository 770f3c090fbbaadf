// Package servicemap finds out from log lines which services call which, and where traces break.
// Lines go into a [Builder], which joins calls with the requests that answered them, and makes a
// [Graph]. Views show a graph, and [Compare] returns what has changed since an earlier one.
//
// Only the command clew map imports it. It is not a part of package timeline, because it needs a
// library to estimate quantiles, and timeline uses the standard library alone.
package servicemap

import "time"

// Version is the version of a [Graph] in JSON.
const Version = 1

// Graph is a map of services and their calls. clew map -o json writes its JSON, and --diff reads
// it. Durations are in milliseconds.
type Graph struct {
	Version int `json:"version"`

	// By is what a node is: "service", or "route" for a route of a service.
	By string `json:"by"`

	// From and Until are the times of the first and the last line. Zero: no line has a time.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`

	Lines    int64 `json:"lines"`    // lines that were read
	NoID     int64 `json:"no_id"`    // of these, without a trace's ID
	Traces   int64 `json:"traces"`   // traces with a request, a call or a job
	Requests int64 `json:"requests"` // lines of requests
	Calls    int64 `json:"calls"`    // lines of calls
	Jobs     int64 `json:"jobs"`     // lines of jobs

	Untold Untold `json:"untold"`

	Nodes  []Node  `json:"nodes"`  // in the order of their names
	Edges  []Edge  `json:"edges"`  // in the order of From and To
	Breaks []Break `json:"breaks"` // the gravest first
	Traced []Trace `json:"traced"` // traces that edges name, as many as are kept
}

// Untold is what is missing in the graph.
type Untold struct {
	// Callers is how many requests name a caller that appears in no line. Requests that name no
	// caller do not count.
	Callers int64 `json:"callers"`

	// Share is the share of Callers in all requests that name a caller, from 0 to 1.
	Share float64 `json:"share"`

	// Room is how many requests and calls are left out because memory and disk had no room for
	// them.
	Room int64 `json:"room"`

	// Other is how many requests, calls and jobs are in the node "(other)", because there are more
	// services, hosts, routes or edges than a map distinguishes.
	Other int64 `json:"other"`
}

// Kind is what a node is.
type Kind string

// The kinds of nodes.
const (
	Service Kind = "service" // it has lines
	// Outside is a host that is not known to be a service with lines: a third party, a database.
	Outside Kind = "outside"
)

// Node is a service, or one route of it, or a host outside.
type Node struct {
	// Name is unique. It is the name of the service or the host. The name of a route's node is the
	// service's name, a space, and the operation: "shop GET /basket".
	Name    string `json:"name"`
	Kind    Kind   `json:"kind"`
	Service string `json:"service,omitempty"` // "": the node is outside
	Route   string `json:"route,omitempty"`

	Lines    int64 `json:"lines"`    // lines of the service; 0 for a route
	NoID     int64 `json:"no_id"`    // of these, without a trace's ID
	Requests int64 `json:"requests"` // requests that it has served, by its own lines
	// Roots is how many of these requests name no caller, or have an outside caller that was not
	// believed.
	Roots  int64 `json:"roots"`
	Errors int64 `json:"errors"` // of the requests
	Jobs   int64 `json:"jobs"`
	Bytes  int64 `json:"bytes"` // of the bodies of its answers

	Took Quantiles `json:"took"` // durations of its requests, by its own clock
}

// Edge is the calls from one node to another.
type Edge struct {
	From string `json:"from"` // the names of nodes
	To   string `json:"to"`

	Calls    int64 `json:"calls"`    // each attempt is one
	Errors   int64 `json:"errors"`   // calls with no answer, a status of 500 or more, or a panic
	Refused  int64 `json:"refused"`  // of the errors, those without a connection
	Retries  int64 `json:"retries"`  // attempts after the first
	Answered int64 `json:"answered"` // calls for which the callee has a request line
	Told     int64 `json:"told"`     // calls for which the caller has a line

	// Guessed counts the calls for which clew used the host's name or the time instead of IDs: to
	// join them with requests, or to find their service. Again counts repeated requests: if a
	// service has several requests for one call, all but one of them count. A proxy may have sent
	// the call again.
	Guessed int64 `json:"guessed"`
	Again   int64 `json:"again"`

	Bytes int64 `json:"bytes"` // of the answers' bodies, by the callee's lines

	// Took is measured by the caller's clock if the caller has lines of its calls, else by the
	// callee's.
	Took    Quantiles `json:"took"`
	Slowest []Sample  `json:"slowest"` // the slowest first, each of a different trace
	Failed  []Sample  `json:"failed"`  // some that failed, the newest first
}

// Quantiles are quantiles of durations, in milliseconds. Each of them differs by at most 1 % from
// one of the durations. The zero value is for no durations.
type Quantiles struct {
	Count int64 `json:"count"`
	P50   Value `json:"p50"`
	P95   Value `json:"p95"`
	P99   Value `json:"p99"`
	Max   Value `json:"max"` // exact: Low and High are the same
}

// Value is a measured quantile, the field Is, and its uncertainty. Imagine 1,000 runs of the same
// services, with differences by chance alone. The true quantile lies between Low and High in 999
// of them.
type Value struct {
	Is   float64 `json:"is"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Sample is a call that is kept as an example.
type Sample struct {
	Trace string    `json:"trace"` // in hexadecimal digits
	At    time.Time `json:"at,omitzero"`
	Took  float64   `json:"took_ms"`
}

// BreakKind is how a trace breaks.
type BreakKind string

// The kinds of breaks.
const (
	Restarted BreakKind = "restarted" // the callee does not continue the caller's trace
	Padded    BreakKind = "padded"    // the callee writes 16 digits as 32
	Truncated BreakKind = "truncated" // the callee writes 32 digits as 16
	Redecided BreakKind = "redecided" // only one of the caller and the callee samples the call
	NoID      BreakKind = "no id"     // lines without a trace's ID
	Orphans   BreakKind = "orphans"   // requests that name a caller which appears in no line
	Clock     BreakKind = "clock"     // the clock of a service is wrong
)

// Break is a place where traces break.
type Break struct {
	Kind BreakKind `json:"kind"`
	From string    `json:"from,omitempty"` // the caller's service; "": not known, or there is none
	To   string    `json:"to"`             // the callee's service, or the one with the break
	// Place is where the lines were logged: file.go:42, or the name of the logger. "": the
	// lines do not say.
	Place string `json:"place,omitempty"`

	Count int64 `json:"count"` // how often it was seen
	Of    int64 `json:"of"`    // how often it could have been seen

	// Ahead is by how much the clock is ahead, for the kind [Clock]. Below 0, it is behind.
	Ahead float64 `json:"ahead_ms,omitempty"`

	Traces []string `json:"traces,omitempty"` // some that show it
	Says   string   `json:"says"`             // the sentence for people
	Remedy string   `json:"remedy"`           // what to do about it
}

// Trace has the spans of a trace that an edge names as a sample. The page shows them.
type Trace struct {
	ID    string `json:"id"` // in hexadecimal digits
	Spans []Span `json:"spans"`
	Left  int    `json:"left"` // spans that are not kept
}

// Span is a request, a call or a job of a [Trace].
type Span struct {
	Node   string  `json:"node"` // the service's name; for a call without an answer, the host's
	Name   string  `json:"name"` // of the operation: GET /basket
	Kind   string  `json:"kind"` // request, call or job
	Depth  int     `json:"depth"`
	Start  float64 `json:"start_ms"` // since the trace began
	Took   float64 `json:"took_ms"`
	Failed bool    `json:"failed,omitempty"`
}
