package doctor

import (
	"encoding/json"
	"io"
	"slices"
)

// Version is the version of a [Report] in JSON.
const Version = 1

// Kind is what a service does with the traces of canaries. A canary is a test request of clew
// doctor.
type Kind string

// The kinds of findings.
const (
	Adopted       Kind = "adopted"   // the ID is the caller's, as it was written
	Unchanged     Kind = "unchanged" // the headers are passed on unchanged, as by a proxy
	Padded        Kind = "padded"    // an ID of 16 digits has become one of 32
	Truncated     Kind = "truncated" // an ID of 32 digits has become one of 16
	Restarted     Kind = "restarted" // another trace has begun
	Dropped       Kind = "dropped"   // there is no trace
	Resampled     Kind = "resampled" // the caller's sampling decision has changed
	DebugBelieved Kind = "debug believed"
	Leaked        Kind = "leaked"    // headers go to another host, after a redirect
	Mixed         Kind = "mixed"     // two headers name two traces
	Misread       Kind = "misread"   // a header was not read by B3's rules
	Echoed        Kind = "echoed"    // a malformed value comes out unchanged
	Crashed       Kind = "crashed"   // a header leads to a 5xx or a broken connection
	Malformed     Kind = "malformed" // headers that are sent on are not valid B3

	// NotSeen means that some canaries have shown nothing in a place, such as the response, and
	// other canaries have shown there that the trace goes on. It is no fault.
	NotSeen Kind = "not seen"

	// repeated means that the ID is only in a copy of the request's headers. A report calls it
	// echoed, but it is no fault.
	repeated Kind = "repeated"

	// Kinds of notes, which are no findings.
	nothing     Kind = ""         // nothing to say
	withheld    Kind = "withheld" // after a redirect, the other host gets no headers
	withBaggage Kind = "baggage"  // baggage is sent on
	same        Kind = "same"     // all answers have one ID
	stranger    Kind = "stranger" // an answer has another ID, perhaps of a proxy
	obeyed      Kind = "obeyed"   // the caller's sampling decision is kept

	// Kinds that are verdicts only.
	Unknown     Kind = "unknown"     // nothing shows the ID
	Unreachable Kind = "unreachable" // there was no answer
)

// gravity has the kinds that are faults, the gravest first.
var gravity = []Kind{Crashed, Echoed, DebugBelieved, Dropped, Restarted, Malformed, Mixed, Misread, Truncated, Padded, Resampled, Leaked}

// Report is what was found at all targets.
type Report struct {
	Version  int          `json:"version"`
	Requests int          `json:"requests"` // how many were sent
	Targets  []*Diagnosis `json:"targets"`
}

// Diagnosis is what was found at one target.
type Diagnosis struct {
	URL string `json:"url"`
	// Verdict is the gravest fault. Without a fault, it is adopted, unchanged, echoed, unknown or
	// unreachable.
	Verdict  Kind      `json:"verdict"`
	Says     string    `json:"says"`
	Requests int       `json:"requests"`
	Findings []Finding `json:"findings"`
	// Evidence names the places where something was found: response, logs, sent on.
	Evidence []string `json:"evidence"`
	Notes    []string `json:"notes"` // such as what was not seen, and why
}

// Finding is what the service does with canaries, in one place.
type Finding struct {
	Kind   Kind   `json:"kind"`
	Where  string `json:"where"`
	Canary string `json:"canary"` // the name of the first canary that shows the kind
	Count  int    `json:"count"`  // how many canaries show the kind
	Of     int    `json:"of"`     // how many canaries could show the kind
	Says   string `json:"says"`
	Remedy string `json:"remedy"`
	Fault  bool   `json:"fault"`

	// Services are the services whose lines show the kind. For a line that names no service, the
	// name of the file is used. If the finding is not about lines, Services is empty.
	Services []string `json:"services,omitempty"`
}

// JSON writes the report.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Fault reports whether a fault was found.
func (r *Report) Fault() bool {
	return slices.ContainsFunc(r.Targets, (*Diagnosis).fault)
}

func (d *Diagnosis) fault() bool {
	return slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Fault })
}

// Untold reports whether a target has no sure verdict.
func (r *Report) Untold() bool {
	for _, d := range r.Targets {
		if d.Verdict == Unknown || d.Verdict == Unreachable || d.Verdict == Echoed {
			return true
		}
	}
	return false
}

func (d *Diagnosis) unreachable(why string) {
	d.Verdict, d.Says = Unreachable, why
	d.Findings, d.Evidence, d.Notes = []Finding{}, []string{}, []string{}
}
