package trace_test

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

var (
	traceText = regexp.MustCompile(`^([0-9a-f]{16}|[0-9a-f]{32})$`)

	// written contains, for each header that Inject may write, a pattern that the header's value
	// must match.
	written = map[string]*regexp.Regexp{
		"B3":                regexp.MustCompile(`^([01d]|([0-9a-f]{16}|[0-9a-f]{32})-[0-9a-f]{16}(-[01d](-[0-9a-f]{16})?)?)$`),
		"X-B3-Traceid":      traceText,
		"X-B3-Spanid":       regexp.MustCompile(`^[0-9a-f]{16}$`),
		"X-B3-Parentspanid": regexp.MustCompile(`^[0-9a-f]{16}$`),
		"X-B3-Sampled":      regexp.MustCompile(`^[01]$`),
		"X-B3-Flags":        regexp.MustCompile(`^1$`),
	}
)

// checkRead checks what must hold for every result of Parse and FromHeader.
func checkRead(t *testing.T, b trace.B3, err error) {
	t.Helper()
	if err != nil {
		if b != (trace.B3{}) {
			t.Fatalf("got B3 %v beside error %v, want the zero B3", b, err)
		}
		if len(err.Error()) > 120 || !plainError.MatchString(err.Error()) {
			t.Fatalf("got error %q, want a short one in fixed words", err)
		}
		return
	}
	if b != (trace.B3{}) {
		again, err := trace.Parse(b.String())
		want := b
		if want.Sampling == trace.Defer {
			want.ParentSpanID = oteltrace.SpanID{} // b3 has no form for a parent without a state
		}
		if err != nil || again != want {
			t.Fatalf("Parse(%q): got %v, %v; want %v, nil", b.String(), again, err, want)
		}
	}
	if b.TraceID.IsValid() != b.SpanID.IsValid() {
		t.Fatalf("got trace ID %v and span ID %v, want both or none", b.TraceID, b.SpanID)
	}
	if id := b.ID(); b.TraceID.IsValid() && !traceText.MatchString(id) {
		t.Fatalf("got trace ID %q, want 16 or 32 lower-case digits", id)
	}
	h := http.Header{}
	ctx := trace.NewContext(context.Background(), b)
	trace.Propagator{Encoding: b3.B3SingleHeader | b3.B3MultipleHeader}.Inject(ctx, propagation.HeaderCarrier(h))
	for name, values := range h {
		if re := written[name]; re == nil || len(values) != 1 || !re.MatchString(values[0]) {
			t.Fatalf("Inject of %v wrote %s: %q", b, name, values)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("")
	for _, r := range singleRows {
		f.Add(r.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		b, err := trace.Parse(in)
		if err == nil && b == (trace.B3{}) {
			t.Fatalf("Parse(%q): got neither a B3 nor an error", in)
		}
		checkRead(t, b, err)

		// No well-formed value contains the word canary, and no error may quote it.
		for _, spoilt := range []string{"canary" + in, in + "canary", in + "-canary"} {
			b, err := trace.Parse(spoilt)
			checkRead(t, b, err)
			if err == nil || strings.Contains(err.Error(), "canary") {
				t.Fatalf("Parse(%q): got %v, %v; want an error that does not quote the input", spoilt, b, err)
			}
		}
	})
}

// input is a set of B3 headers, the same for clew and for contrib's propagator. A field that is ""
// means that the header is absent.
type input struct{ single, trace, span, parent, sampled, flags string }

func (in input) header() http.Header {
	h := http.Header{}
	for name, value := range map[string]string{
		"b3": in.single, xTrace: in.trace, xSpan: in.span, xParent: in.parent, xSampled: in.sampled, xFlags: in.flags,
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return h
}

func inputOf(h http.Header) input {
	return input{h.Get("b3"), h.Get(xTrace), h.Get(xSpan), h.Get(xParent), h.Get(xSampled), h.Get(xFlags)}
}

// addInputs seeds a fuzzer with the tables and with the seeds of the differences.
func addInputs(f *testing.F) {
	for _, r := range allHeaderRows() {
		in := inputOf(r.header)
		f.Add(in.single, in.trace, in.span, in.parent, in.sampled, in.flags)
	}
	for _, r := range canaryRows(testkit.IDs) {
		in := inputOf(r.Header)
		f.Add(in.single, in.trace, in.span, in.parent, in.sampled, in.flags)
	}
	for _, c := range differences {
		for _, in := range c.seeds {
			f.Add(in.single, in.trace, in.span, in.parent, in.sampled, in.flags)
		}
	}
}

func FuzzFromHeader(f *testing.F) {
	addInputs(f)
	f.Fuzz(func(t *testing.T, single, traceID, span, parent, sampled, flags string) {
		in := input{single, traceID, span, parent, sampled, flags}
		b, err := trace.FromHeader(in.header())
		checkRead(t, b, err)

		// If every field is malformed, FromHeader must return an error.
		in = input{single + "canary", traceID + "canary", span + "canary", parent + "canary", sampled + "canary", flags + "canary"}
		b, err = trace.FromHeader(in.header())
		checkRead(t, b, err)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Fatalf("FromHeader(%q): got %v, %v; want an error that does not quote the input", in, b, err)
		}
	})
}

// outcome is what the next service sees of a caller's headers. Both implementations extract the
// headers, start a span with a sampler that samples every undecided trace, and inject new headers.
type outcome struct {
	trace string // the trace ID that is sent on; "" if the trace began in this service
	span  string // the span ID of the caller
	state string // the state that is sent on: "0", "1", "d", or "" for no decision
}

func (o outcome) String() string {
	return "trace " + strconv.Quote(o.trace) + ", caller " + strconv.Quote(o.span) + ", state " + strconv.Quote(o.state)
}

func stateOf(h http.Header) string {
	if h.Get(xFlags) == "1" {
		return "d"
	}
	return h.Get(xSampled)
}

var samplesAll = trace.NewProvider(trace.ProviderConfig{Sampler: trace.Always()})

func ours(in input) outcome {
	ctx := trace.Propagator{}.Extract(context.Background(), propagation.HeaderCarrier(in.header()))
	caller, ok := trace.FromContext(ctx)
	ctx, _ = samplesAll.Tracer("").Start(ctx, "")
	h := http.Header{}
	trace.Propagator{}.Inject(ctx, propagation.HeaderCarrier(h))
	o := outcome{state: stateOf(h)}
	if ok {
		o.trace, o.span = h.Get(xTrace), caller.SpanID.String()
	}
	return o
}

var (
	contrib  = b3.New(b3.WithInjectEncoding(b3.B3MultipleHeader))
	usualSDK = sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())))
)

func theirs(in input) outcome {
	ctx := contrib.Extract(context.Background(), propagation.HeaderCarrier(in.header()))
	caller := oteltrace.SpanContextFromContext(ctx)
	ctx, span := usualSDK.Tracer("").Start(ctx, "")
	defer span.End()
	h := http.Header{}
	contrib.Inject(ctx, propagation.HeaderCarrier(h))
	o := outcome{state: stateOf(h)}
	if caller.IsValid() {
		o.trace, o.span = h.Get(xTrace), caller.SpanID().String()
	}
	return o
}

// difference is a class of input on which clew differs from contrib's propagator on purpose. The
// function read rewrites an input so that contrib reads it as clew reads the original. The
// function sent changes contrib's outcome into clew's. Apart from the differences, the outcomes
// must be equal.
type difference struct {
	name  string
	why   string
	read  func(input) input
	sent  func(translated input, theirs outcome) outcome
	seeds []input // inputs on which the outcomes would differ without this class
}

const hexa = `[0-9a-fA-F]`

var (
	// singleParts splits a b3 header into its fields. It accepts any separator.
	singleParts = regexp.MustCompile(`(?s)^(` + hexa + `{16}|` + hexa + `{32})(.)(` + hexa + `{16})(?:(.)([01d]))?(?:(.)(` + hexa + `{16}))?$`)
	singleGood  = regexp.MustCompile(`^([01d]|([0-9a-f]{16}|[0-9a-f]{32})-[0-9a-f]{16}(-[01d])?(-[0-9a-f]{16})?)$`)
	lone        = regexp.MustCompile(`^[01d]$`)
	spanText    = regexp.MustCompile(`^[0-9a-f]{16}$`)
	sampledText = regexp.MustCompile(`^(?:[01]|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE])?$`)
	onlyZeros   = regexp.MustCompile(`^0+$`)
)

func goodID(re *regexp.Regexp, s string) bool { return re.MatchString(s) && !onlyZeros.MatchString(s) }

// goodSingle reports whether s is a well-formed b3 header. s must be trimmed and in lower case.
func goodSingle(s string) bool {
	parts := strings.Split(s, "-")
	return singleGood.MatchString(s) && (len(parts) == 1 || !onlyZeros.MatchString(parts[0]) && !onlyZeros.MatchString(parts[1]))
}

// Each class translates the output of the classes before it, so that their order matters.
var differences = []difference{
	{
		name: "white space is trimmed",
		why:  "net/http trims it, but queues and maps do not",
		read: func(in input) input {
			for _, field := range []*string{&in.single, &in.trace, &in.span, &in.parent, &in.sampled, &in.flags} {
				*field = strings.Trim(*field, " \t\r\n")
			}
			return in
		},
		seeds: []input{
			{single: " " + id128 + "-" + spanID + "-1"},
			{trace: id128 + " ", span: "\t" + spanID, sampled: "1"},
		},
	},
	{
		name: "upper case is accepted",
		why:  "HAProxy sends it, and contrib begins a new trace",
		read: func(in input) input {
			if singleParts.MatchString(in.single) { // else it may be a lone D, which is no state
				in.single = strings.ToLower(in.single)
			}
			in.trace, in.span, in.parent = strings.ToLower(in.trace), strings.ToLower(in.span), strings.ToLower(in.parent)
			return in
		},
		seeds: []input{
			{single: strings.ToUpper(id128+"-"+spanID) + "-1"},
			{trace: strings.ToUpper(id128), span: strings.ToUpper(spanID), sampled: "1"},
		},
	},
	{
		name: "separators are checked",
		why:  "contrib looks at the lengths only, so that it reads trace-span!0 as a deny",
		read: func(in input) input {
			if m := singleParts.FindStringSubmatch(in.single); m != nil {
				for _, separator := range []string{m[2], m[4], m[6]} {
					if separator != "" && separator != "-" {
						in.single = ""
					}
				}
			}
			return in
		},
		seeds: []input{
			{single: id128 + "-" + spanID + "!0"},
			{single: id128 + "-" + spanID + "-0!" + parentID},
		},
	},
	{
		name: "trace-span-parent is read",
		why:  "Brave writes it for a defer, and contrib begins a new trace",
		read: func(in input) input {
			if m := singleParts.FindStringSubmatch(in.single); m != nil && m[5] == "" && m[7] != "" {
				in.single = m[1] + "-" + m[3]
			}
			return in
		},
		seeds: []input{{single: id128 + "-" + spanID + "-" + parentID}},
	},
	{
		name: "a zero parent in b3 is no parent",
		why:  "contrib drops the trace because of a field that it does not use",
		read: func(in input) input {
			if m := singleParts.FindStringSubmatch(in.single); m != nil && onlyZeros.MatchString(m[7]) {
				in.single = strings.TrimSuffix(in.single, "-"+m[7])
			}
			return in
		},
		seeds: []input{{single: id128 + "-" + spanID + "-1-" + zeros}},
	},
	{
		name: "a bad X-B3-ParentSpanId is ignored",
		why:  "contrib drops the trace because of a field that it does not use",
		read: func(in input) input {
			if !goodID(spanText, in.parent) {
				in.parent = ""
			}
			return in
		},
		seeds: []input{
			{trace: id128, span: spanID, parent: "-", sampled: "1"},
			{trace: id128, span: spanID, parent: zeros, sampled: "1"},
		},
	},
	{
		name: "X-B3-Flags as Finagle writes them",
		why:  "Finagle writes a bit field in decimal: for debug at a rate of 0.1 %, it writes 7853347705, not 1",
		read: func(in input) input {
			if n, err := strconv.ParseUint(in.flags, 10, 64); err == nil && n > 7 && n%2 == 1 {
				in.flags = "1"
			}
			return in
		},
		seeds: []input{{trace: id128, span: spanID, flags: "7853347705"}},
	},
	{
		name: "a decision beside malformed IDs is not used",
		why:  "contrib keeps debug although the IDs beside it are malformed",
		read: func(in input) input {
			none := in.trace == "" && in.span == ""
			if !sampledText.MatchString(in.sampled) || !none && !(goodID(traceText, in.trace) && goodID(spanText, in.span)) {
				in = input{single: in.single}
			}
			return in
		},
		seeds: []input{
			{trace: id128, span: "nonsense", flags: "1"},
			{trace: id128, flags: "1"},
		},
	},
	{
		name: "b3 wins as a whole",
		why:  "if b3 holds a decision alone, contrib uses the IDs of X-B3-*, and merges a debug into them",
		read: func(in input) input {
			if lone.MatchString(in.single) {
				in = input{single: in.single}
			}
			return in
		},
		seeds: []input{
			{single: "0", trace: id128, span: spanID, sampled: "1"},
			{single: "d", trace: id128, span: spanID, sampled: "0"},
		},
	},
	{
		name: "a lone decision is obeyed",
		why:  "contrib samples a trace that the caller has denied",
		sent: func(in input, o outcome) outcome {
			switch {
			case lone.MatchString(in.single):
				o.state = in.single
			case in.trace != "" || goodSingle(in.single):
			case in.flags != "1" && (in.sampled == "0" || strings.EqualFold(in.sampled, "false")):
				o.state = "0"
			}
			return o
		},
		seeds: []input{{single: "0"}, {sampled: "0"}, {sampled: "FALSE"}},
	},
	{
		name: "a defer is decided, and the decision is sent on",
		why:  "contrib reads a defer as unsampled, so that ParentBased does not sample, and no decision is sent on",
		sent: func(_ input, o outcome) outcome {
			if o.trace != "" && o.state == "" {
				o.state = "1"
			}
			return o
		},
		seeds: []input{
			{single: id128 + "-" + spanID},
			{trace: id128, span: spanID},
		},
	},
	{
		name: "64 bits stay 16 digits",
		why:  "contrib pads the ID to 32 digits, so that log lines of the services no longer match",
		sent: func(in input, o outcome) outcome {
			text, _, _ := strings.Cut(in.single, "-")
			if !goodSingle(in.single) {
				text = in.trace
			}
			if len(text) == 16 {
				o.trace = strings.TrimPrefix(o.trace, zeros)
			}
			return o
		},
		seeds: []input{
			{single: id64 + "-" + spanID + "-1"},
			{trace: id64, span: spanID, sampled: "1"},
		},
	},
}

// translated applies all differences, except the one with the name skip, and returns contrib's
// outcome for in.
func translated(in input, skip string) outcome {
	for _, d := range differences {
		if d.read != nil && d.name != skip {
			in = d.read(in)
		}
	}
	o := theirs(in)
	for _, d := range differences {
		if d.sent != nil && d.name != skip {
			o = d.sent(in, o)
		}
	}
	return o
}

func FuzzDifferential(f *testing.F) {
	addInputs(f)
	f.Fuzz(func(t *testing.T, single, traceID, span, parent, sampled, flags string) {
		in := input{single, traceID, span, parent, sampled, flags}
		if got, want := ours(in), translated(in, ""); got != want {
			t.Fatalf("%q:\n got %v\nwant %v (contrib's, after the differences on purpose)\ncontrib's own: %v", in, got, want, theirs(in))
		}
	})
}

// For each class there are inputs that need it. A class that no input needs would only hide
// mistakes.
func TestDifferencesOccur(t *testing.T) {
	for _, d := range differences {
		t.Run(d.name, func(t *testing.T) {
			require.NotEmpty(t, d.seeds)
			for _, in := range d.seeds {
				got := ours(in)
				assert.NotEqual(t, theirs(in), got, "%q: contrib's outcome and ours, want a difference", in)
				assert.Equal(t, translated(in, ""), got, "%q: contrib's outcome, translated", in)
				assert.NotEqual(t, translated(in, d.name), got, "%q: contrib's outcome, translated without %q, want a difference", in, d.name)
			}
		})
	}
}

// On inputs that belong to no difference, clew agrees with contrib.
func TestAgreesWithContrib(t *testing.T) {
	for _, in := range []input{
		{},
		{single: id128 + "-" + spanID + "-1"},
		{single: id128 + "-" + spanID + "-0-" + parentID},
		{single: id128 + "-" + spanID + "-d"},
		{single: "nonsense", trace: id128, span: spanID, sampled: "1"},
		{trace: id128, span: spanID, sampled: "0"},
		{trace: id128, span: spanID, sampled: "TRUE", parent: parentID},
		{trace: id128, span: spanID, sampled: "0", flags: "1"},
		{trace: "nonsense", span: spanID, sampled: "1"},
		{trace: id128, sampled: "1"},
		{trace: id128, span: spanID, sampled: "nonsense"},
	} {
		assert.Equal(t, theirs(in), ours(in), "%q", in)
	}
}
