package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A canary is a test request of clew doctor. says has a text for each kind of finding.
var says = map[Kind]string{
	Adopted:       "The trace goes on under its ID, as it was written.",
	Unchanged:     "The headers are passed on unchanged, with the caller's span, as by a proxy that makes no spans of its own.",
	Padded:        "An ID of 16 digits becomes one of 32. A search for one form does not find the other.",
	Truncated:     "An ID of 32 digits loses its first 16. A search for one form does not find the other.",
	Restarted:     "Another trace begins here.",
	Dropped:       "There is no trace ID.",
	Resampled:     "The caller's decision is not kept, so a trace has spans of some services only.",
	DebugBelieved: "Any caller can switch debug on: every span is recorded, in all services behind this one.",
	Leaked:        "A redirect takes the trace's headers to another host, which may be a stranger's.",
	Malformed:     "The headers of its calls are not valid B3, so the next service begins another trace.",
	Mixed:         "A call has old headers beside new ones. The next service uses one of them, or Zipkin shows the call in the wrong place.",
	Misread:       "Headers are not read by B3's rules.",
	Echoed:        "A malformed value comes out as it was sent, quotes included.",
	Crashed:       "A malformed header causes an error of the server.",
	NotSeen:       "Other canaries were seen there, but these were not. So clew cannot tell what becomes of them.",
	withheld:      "After a redirect to another host the headers are not sent there, which is right.",
	withBaggage:   "The caller's baggage is sent on.",
	same:          "All answers have one and the same ID, as from a cache. That proves nothing.",
	repeated:      "The ID is there only because the request's headers are repeated: without headers, there is no ID. That does not show that the trace goes on.",
	stranger:      "The response has another ID, under a name that something in front of the service may use. That proves nothing.",
}

// verdicts has one sentence for each verdict.
var verdicts = map[Kind]string{
	Adopted:       "The service continues the caller's trace: the same ID, the same decision.",
	Unchanged:     "The service passes the headers on unchanged, as a proxy does. The trace goes on.",
	Padded:        "The service continues the trace, and writes short IDs with zeros in front.",
	Truncated:     "The service continues the trace, and cuts long IDs.",
	Restarted:     "The trace breaks here: another one begins.",
	Dropped:       "The trace breaks here: no ID is sent on.",
	Resampled:     "The service continues the trace, and does not keep the decision.",
	DebugBelieved: "Any caller of the service can switch debug on.",
	Leaked:        "The trace goes on, and its headers go to other hosts too.",
	Malformed:     "The headers of the service's calls are malformed, and the trace breaks behind it.",
	Mixed:         "The service's calls have old headers beside new ones.",
	Misread:       "The service continues usual traces, and misreads others.",
	Echoed:        "The text of a malformed header comes out as it was sent.",
	Crashed:       "A malformed header breaks the service.",
	Unknown:       "No canary's ID was seen, so clew cannot tell what becomes of the trace.",
}

const (
	onlyZeros       = "An ID of 32 digits that begins with 16 zeros loses them. A search for one form does not find the other."
	repeatedInLines = "Its lines have the ID only in a copy of the request's headers, such as nginx's $http_b3, or under a name that is not used for trace IDs. A search finds such lines, but they do not show which trace goes on."
	crashedUsual    = "A request with a well-formed trace causes an error of the server, or a broken connection. Requests without headers do not."
	decisionUnseen  = "The service continues the caller's trace, under the same ID. The decision was not seen."
	remedyOnlyZeros = "Mend the service in front that puts the zeros there. A search for the last 16 digits finds both, as clew timeline does."
)

const remedyW3C = "If callers send only traceparent: trace.Propagator{W3C: true} in httpmw.Config and httpclient.Config; elsewhere a propagator for B3 and traceparent."

// remedy returns a text that says what to do about a finding, or "" if nothing is to be done.
func remedy(k Kind, where string) string {
	switch {
	case k == Restarted && where == inSentOn, k == Dropped && where == inSentOn:
		return "Make the call with the context of the request, by a client that writes B3: httpclient.Wrap(client, httpclient.Config{}), client.Do(r.WithContext(ctx))."
	case k == Dropped && where == inLogs:
		return "Log with the context of the request, by a logger that writes the ID: logctx.New and httpmw.New; elsewhere the tracer's fields in the log's pattern, in nginx $http_b3 and $http_x_b3_traceid in log_format."
	}
	return remedies[k]
}

var remedies = map[Kind]string{
	Padded:    "Keep the ID as the caller wrote it; clew's httpmw and httpclient do. OpenTelemetry's SDKs have one width: let callers make IDs of 32 digits, or search for the last 16.",
	Truncated: "Let the tracer use IDs of 128 bits (Brave: traceId128Bit; Datadog: DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED and …_LOGGING_ENABLED). clew keeps both widths.",
	Restarted: "Read B3, both b3 and X-B3-*, before anything else begins a span: httpmw.New outermost; in OpenTelemetry the B3 propagator for both encodings. " +
		"If httpmw.Config.Trust says TrustNone for this caller, that is the reason, and right for strangers alone.",
	Resampled: "Obey the caller: a sampler that asks the parent first (ParentBased in OpenTelemetry), httpmw.TrustAll between services of your own. " +
		"At the edge, TrustIDs makes a new decision on purpose.",
	DebugBelieved: "Where strangers call, do not believe their decisions: httpmw.Config{Trust: httpmw.TrustIDs.Always}, or TrustNone; elsewhere a proxy that removes X-B3-Flags. Between services of your own, believing debug is right.",
	Leaked:        "Send the headers to your own hosts alone: httpclient.Config{Propagate: httpclient.SameSite}, or Hosts; or do not follow redirects.",
	Malformed:     "Write b3: TRACE-SPAN-STATE, or X-B3-TraceId and X-B3-SpanId together, with 16 or 32 digits for the trace and 16 for the span; httpclient does.",
	Mixed:         "Do not copy the request's headers into a call. Remove b3, X-B3-* and traceparent before new ones are written; httpclient does.",
	Misread:       "Update the library that reads B3, or read it by trace.FromHeader, which follows the rules.",
	Echoed:        "Write nothing from a header that was not parsed: log and send on what the parser returns. A proxy can drop headers that do not match ^[0-9a-f-]*$.",
	Crashed:       "Update the library that reads B3, because strangers can break requests with such headers. Until then drop malformed headers in front of it.",
}

// notes returns the sentences that a diagnosis has in addition to its findings.
func (c Config) notes(probes []*probe, all []seen) []string {
	notes := append([]string{}, answersOf(probes)...)
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if unsent := c.Requests() - len(probes); unsent > 0 {
		add("%d requests were not sent.", unsent)
	}
	if n := withstood(probes, all); n > 0 {
		add("The service withstands %d of %d canaries that break other services.", n, countOf(probes, func(p *probe) bool { return p.Hostile }))
	}
	for _, k := range []Kind{withheld, withBaggage, same, stranger} {
		if slices.ContainsFunc(all, func(s seen) bool { return s.kind == k }) {
			add("%s", says[k])
		}
	}
	if c.Listen != nil && c.Listen.redirectNote() != "" {
		add("%s", c.Listen.redirectNote())
	}
	if n := countOf(probes, (*probe).cached); n > 0 {
		add("%d of %d answers come from a cache (Age), and prove nothing: choose a URL that is not cached.", n, len(probes))
	}
	return append(notes, c.notLookedAt(all)...)
}

// notLookedAt returns a sentence for each place in which nothing was seen. The sentence says how
// to see something there.
func (c Config) notLookedAt(all []seen) (notes []string) {
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	empty := func(where string) bool { return len(evidence(at(all, where))) == 0 }
	if empty(inResponse) && !slices.ContainsFunc(all, func(s seen) bool { return s.kind == same }) {
		add("The response shows no trace ID.%s", c.responseHint())
	}
	switch {
	case c.Log == nil:
		add("The service's lines were not read: --logs FILES reads them.")
	case empty(inLogs):
		add("None of the %d lines that were written meanwhile is about the canaries: are these the service's logs, and does the service log requests?", c.Log.linesRead())
	}
	switch {
	case c.Listen == nil:
		add("Calls of the service were not looked at: use --listen ADDRESS, with a URL that makes the service call that address.")
	case empty(inSentOn):
		add("No call of the service arrived at %s: does this URL make the service call that address?", c.Listen.Addr())
	}
	return notes
}

func (c Config) responseHint() string {
	if c.Log != nil || c.Listen != nil {
		return ""
	}
	return " With clew, httpmw.Config.ResponseHeader names a header for it."
}

// answersOf returns sentences about the answers that were missing, broken or no 2xx.
func answersOf(probes []*probe) (notes []string) {
	count := map[string]int{}
	var order []string
	add := func(text string) {
		if count[text]++; count[text] == 1 {
			order = append(order, text)
		}
	}
	for _, p := range probes {
		a := p.answer
		switch {
		case a.err != nil:
			add(a.err.Error())
		case a.broken != nil:
			add(a.broken.Error())
		}
		switch {
		case a.err != nil || a.status < 300 || p.redirect && a.location != "":
		case a.location != "":
			add("it redirects (" + statusText(a.status) + ") to " + short(a.location) + ", which is not followed: ask for that URL too")
		case a.status == 401 || a.status == 403:
			add("it answered " + statusText(a.status) + ": --header 'Authorization: …' may let the canaries in")
		default:
			add("it answered " + statusText(a.status))
		}
	}
	for _, text := range order {
		notes = append(notes, fmt.Sprintf("%d of %d requests: %s.", count[text], len(probes), text))
	}
	return slices.Clip(notes)
}

func (l *Log) linesRead() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines
}

func countOf(probes []*probe, is func(*probe) bool) (n int) {
	for _, p := range probes {
		if is(p) {
			n++
		}
	}
	return n
}

// withstood counts the hostile canaries that did no harm. It returns 0 if the service was not seen
// to continue any usual trace, or if a server in front may have answered for the service.
func withstood(probes []*probe, all []seen) int {
	if first := probes[0].answer; first.err != nil || first.status >= 400 || !slices.ContainsFunc(all, seen.kept) {
		return 0
	}
	bad := map[*probe]bool{}
	for _, s := range all {
		if !kept(s.kind) && slices.Contains(gravity, s.kind) {
			bad[s.probe] = true
		}
	}
	n := 0
	for _, p := range probes {
		if p.Hostile && !bad[p] && p.answer.err == nil && p.answer.status < 500 {
			n++
		}
	}
	return n
}

// short returns the beginning of a service's text, short enough for a sentence. Invisible
// characters, and those that a terminal obeys, become escapes. JSON has the escapes too, because
// JSON may be shown on a terminal.
func short(text string) string {
	const room = 200
	var b strings.Builder
	for _, r := range text {
		if b.Len() >= room {
			b.WriteString("…")
			break
		}
		if unicode.IsPrint(r) && r != utf8.RuneError {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// sentenceCase returns text with its first letter in upper case.
func sentenceCase(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
