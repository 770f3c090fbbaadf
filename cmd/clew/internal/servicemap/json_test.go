package servicemap_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
)

func jsonOf(t *testing.T, g *servicemap.Graph) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, g.JSON(&b))
	return b.String()
}

func TestJSON(t *testing.T) {
	text := jsonOf(t, shop())
	want, err := json.Marshal(shop())
	require.NoError(t, err)
	assert.JSONEq(t, string(want), text)
	lines := strings.Split(text, "\n")
	assert.Equal(t, "{", lines[0])
	assert.Equal(t, ` "version": 1,`, lines[1])
	assert.Equal(t, `  {"kind":"clock","to":"price","count":12300,"of":12300,"ahead_ms":40,"says":"The clock of price is 40 ms ahead.","remedy":"Let its host keep time (NTP, chrony)."}`, lines[len(lines)-6-len(shop().Traced)])
	assert.Equal(t, "}\n", text[len(text)-2:])
	assert.Equal(t, 1+11+4*2+1+len(shop().Nodes)+len(shop().Edges)+len(shop().Breaks)+len(shop().Traced), len(lines)-1)
	assert.Equal(t, text, jsonOf(t, shop()), "the text is the same each time")
}

func TestJSONEmpty(t *testing.T) {
	assert.Equal(t, `{
 "version": 1,
 "by": "service",
 "lines": 0,
 "no_id": 0,
 "traces": 0,
 "requests": 0,
 "calls": 0,
 "jobs": 0,
 "untold": {"callers":0,"share":0,"room":0,"other":0},
 "nodes": [],
 "edges": [],
 "breaks": [],
 "traced": []
}
`, jsonOf(t, &servicemap.Graph{By: "service"}))
}

func TestJSONNotANumber(t *testing.T) {
	g := shop()
	g.Edges[0].Took.P50.Is = math.NaN()
	assert.ErrorContains(t, g.JSON(io.Discard), "NaN")
}

// ReadJSON reads a map that JSON has written. It skips the traces, because only the page shows
// traces.
func TestReadJSON(t *testing.T) {
	for name, g := range maps() {
		text := jsonOf(t, g)
		harmless(t, text)
		back, err := servicemap.ReadJSON(strings.NewReader(text))
		require.NoError(t, err, name)
		assert.Empty(t, back.Traced)
		if name == "hostile" {
			continue // text that is no UTF-8 is changed on the way
		}
		want := *g
		want.Traced = nil
		assert.JSONEq(t, jsonOf(t, &want), jsonOf(t, back), name)
	}
}

func TestReadJSONRefuses(t *testing.T) {
	whole := jsonOf(t, shop())
	const none = "it is no map: clew map -o json writes one"
	for name, tt := range map[string]struct{ text, want string }{
		"an empty file":      {"", none},
		"a log":              {`{"trace_id":"5759e988bd862e3f","message":"call"}`, none},
		"a list":             {`[]`, none},
		"a number":           {`1`, none},
		"an empty object":    {`{}`, none},
		"a timeline":         {`{"trace":"5759e988bd862e3f","spans":[],"lines":[]}`, none},
		"a comparison":       {`{"version":1,"by":"service","changes":[]}`, none},
		"no version":         {strings.Replace(whole, `"version": 1,`, "", 1), none},
		"another version":    {strings.Replace(whole, `"version": 1,`, `"version": 2,`, 1), "it was made by another version of clew: it has the form 2, and this clew knows the form 1. Make it again from the same lines"},
		"another form":       {`{"version":3,"nodes":{}}`, "it was made by another version of clew: it has the form 3, and this clew knows the form 1. Make it again from the same lines"},
		"half of a map":      {whole[:len(whole)/2], "the map is damaged: unexpected EOF"},
		"an unknown by":      {strings.Replace(whole, `"by": "service"`, `"by": "moon"`, 1), `the map is damaged: it is neither by "service" nor by "route"`},
		"a negative count":   {strings.Replace(whole, `"calls":8200`, `"calls":-8200`, 1), `the map is damaged: a number of the edge from "front" to "basket" is negative or too large`},
		"a huge count":       {strings.Replace(whole, `"requests":8200`, `"requests":9223372036854775807`, 1), `the map is damaged: a number of the node "basket" is negative or too large`},
		"an edge to nowhere": {strings.Replace(whole, `"to":"mail"`, `"to":"\u001b[31m"`, 1), `the map is damaged: the edge from "front" to "\x1b[31m" has an end that is no node`},
		"breaks are no list": {strings.Replace(whole, `"breaks": [`, `"breaks": 7, "x": [`, 1), "the map is damaged: what should be a list is something else"},
		"negative lines":     {strings.Replace(whole, `"lines": 80123`, `"lines": -1`, 1), "the map is damaged: a count is negative or too large"},
		"a negative break":   {strings.Replace(whole, `"count":612`, `"count":-1`, 1), `the map is damaged: a number of the break at "basket" is negative or too large`},
		"text after the map": {whole + "{}", "the map is damaged: there is more text behind it"},
		"too many edges":     {`{"version":1,"by":"service","nodes":[],"edges":[` + strings.Repeat("{},", 100_000) + `{}]}`, "the map is damaged: a list has more than 100000 elements"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := servicemap.ReadJSON(strings.NewReader(tt.text))
			assert.EqualError(t, err, tt.want)
		})
	}
}

func TestReadJSONInfinite(t *testing.T) {
	_, err := servicemap.ReadJSON(strings.NewReader(strings.Replace(jsonOf(t, shop()), `"is":4.6,`, `"is":1e999,`, 1)))
	assert.ErrorContains(t, err, "the map is damaged: json: cannot unmarshal number 1e999")
}

// A file without an end is read only up to the largest size of a map.
func TestReadJSONEndless(t *testing.T) {
	_, err := servicemap.ReadJSONUpTo(io.MultiReader(strings.NewReader(`{"version":1,"by":"service","x":"`), endless{}), 1<<20)
	assert.EqualError(t, err, "it is larger than 1 MB: no map of clew is that large")
	assert.Equal(t, 128<<20, servicemap.MaxMap)
}

// endless is a reader of one letter again and again.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// A line may contain a negative duration. A map with such durations can be compared.
func TestReadJSONNegativeDurations(t *testing.T) {
	g := shop()
	for i := range g.Edges {
		g.Edges[i].Took = took(g.Edges[i].Calls, -3)
	}
	back, err := servicemap.ReadJSON(strings.NewReader(jsonOf(t, g)))
	require.NoError(t, err)
	assert.Empty(t, compare(t, back, g).Changes)
	later := shop()
	later.Until = noon.Add(24 * time.Hour)
	for _, change := range compare(t, back, later).Changes {
		assert.Equal(t, servicemap.Slower, change.Kind)
	}
}

// Members that a later version of clew adds are ignored.
func TestReadJSONLater(t *testing.T) {
	g, err := servicemap.ReadJSON(strings.NewReader(strings.Replace(jsonOf(t, shop()), `"version": 1,`, `"version": 1, "weather": {"rain": [1, {}]}, "EDGES": [{}],`, 1)))
	require.NoError(t, err)
	assert.Len(t, g.Edges, len(shop().Edges))
}

// ReadJSON returns an error, or a map that all views can show and that can be compared.
func FuzzReadJSON(f *testing.F) {
	small := shop()
	small.Edges, small.Breaks, small.Traced = small.Edges[:3], small.Breaks[:1], nil
	for _, g := range []*servicemap.Graph{small, two(), alone(), maps()["empty"]} {
		var b bytes.Buffer
		if err := g.JSON(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{"version":1,"by":"route","nodes":[{"name":"a"},{"name":"a"}],"edges":[{"from":"a","to":"a","calls":1,"took":{"count":9007199254740992,"p50":{"is":1e308}}}],"untold":{"share":1e300}}`))
	other := shop()
	f.Fuzz(func(t *testing.T, text []byte) {
		g, err := servicemap.ReadJSON(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, view := range []func(io.Writer) error{
			func(w io.Writer) error { return g.Text(w, servicemap.Style{Width: 60}) }, g.JSON, g.DOT, g.Mermaid,
			func(w io.Writer) error { return g.HTML(w, servicemap.HTMLConfig{}) },
		} {
			var b bytes.Buffer
			require.NoError(t, view(&b))
		}
		for _, pair := range [][2]*servicemap.Graph{{g, other}, {other, g}, {g, g}} {
			if c, err := servicemap.Compare(pair[0], pair[1]); err == nil {
				require.NoError(t, c.JSON(io.Discard))
				require.NoError(t, c.Text(io.Discard, servicemap.Style{}))
				assert.False(t, pair[0] == pair[1] && c.Worse(), "a map is not worse than itself")
			}
		}
	})
}
