package servicemap_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
	"example.com/clew/internal/timeline"
)

func htmlOf(t *testing.T, g *servicemap.Graph, config servicemap.HTMLConfig) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, g.HTML(&b, config))
	return b.String()
}

// pageData has the members of a page's data that tests read.
type pageData struct {
	Config struct{ After, Zipkin string }
	Graph  json.RawMessage
}

var dataForm = regexp.MustCompile(`(?s)<script id="data" type="application/json">(.*?)</script>`)

func dataOf(t *testing.T, page string) (data pageData) {
	t.Helper()
	found := dataForm.FindAllStringSubmatch(page, -1)
	require.Len(t, found, 1)
	assert.NotContains(t, found[0][1], "<", "a < could end the element")
	require.NoError(t, json.Unmarshal([]byte(found[0][1]), &data))
	return data
}

func TestHTML(t *testing.T) {
	page := htmlOf(t, shop(), servicemap.HTMLConfig{UI: "http://zipkin:9411/zipkin/", After: "logs/ 'a b'"})
	data := dataOf(t, page)
	assert.JSONEq(t, jsonOf(t, shop()), string(data.Graph))
	assert.Equal(t, "http://zipkin:9411/zipkin/traces/", data.Config.Zipkin)
	assert.Equal(t, "logs/ 'a b'", data.Config.After)
	for _, said := range []string{
		"<span>5 services</span><span>3 hosts outside</span>", `<td>front</td><td>basket</td><td class="number">8,200</td><td class="number">0.04 %</td>`,
		"stock does not go on with the traces of front", "23 (0.11 %) of the requests that name a caller", `class="name" `, ">pay.example:443</text>",
	} {
		assert.Contains(t, page, said, "the page shows it without the script")
	}
}

func TestHTMLZipkin(t *testing.T) {
	for _, ui := range []string{"", "javascript:alert(1)//", "JavaScript://x/%0aalert(1)", "data:text/html,x", "file:///etc/passwd", "//x", "http:", "zipkin:9411", "\x00"} {
		assert.Empty(t, dataOf(t, htmlOf(t, two(), servicemap.HTMLConfig{UI: ui})).Config.Zipkin, "%q", ui)
	}
}

// The page allows its own script and style by their hashes, and nothing else. It names no other
// file, and no attribute of its elements is a script or a style.
func TestHTMLPolicy(t *testing.T) {
	page := htmlOf(t, shop(), servicemap.HTMLConfig{UI: "http://zipkin"})
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindStringSubmatch(page)
	require.Len(t, policy, 2)
	hash := func(form string) string {
		found := regexp.MustCompile(form).FindAllStringSubmatch(page, -1)
		require.Len(t, found, 1)
		sum := sha256.Sum256([]byte(found[0][1]))
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	assert.Equal(t, "default-src 'none'; script-src 'sha256-"+hash(`(?s)<script>(.*?)</script>`)+"'; style-src 'sha256-"+hash(`(?s)<style>(.*?)</style>`)+
		"'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'", policy[1])
	assert.Less(t, strings.Index(page, "Content-Security-Policy"), strings.Index(page, "<style>"), "a policy applies only to what follows it")

	frame := dataForm.ReplaceAllString(page, "")
	assert.NotRegexp(t, `(?i)https?://|src=|\shref=|@import|url\(|<link|<iframe|<base|\son[a-z]+=|\sstyle=`, frame)
	assert.NotRegexp(t, `innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|setAttribute\("(?:on|href|style|src)`, strings.ReplaceAll(frame, "Never use innerHTML", ""))
	assert.NotRegexp(t, `/\*(?:DATA|STYLE|SCRIPT)\*/|<!--|-HASH`, frame)
	assert.Equal(t, 1, strings.Count(frame, "<script"))
	assert.True(t, strings.HasPrefix(frame, "<!doctype html>\n"))
	assert.True(t, strings.HasSuffix(frame, "</html>\n"))
}

// drawnForm finds the parts of the page that contain node names. Each part is well-formed XML.
var drawnForm = regexp.MustCompile(`(?s)<svg id="drawing".*?</g>\n</svg>|<ul id="breaks">.*?</ul>|<table>\n<thead><tr id="rows-head">.*?</table>`)

// allowed lists the elements and attributes that may occur in the parts that contain names.
var allowed = strings.Fields("svg g path rect text ul li button b span p table thead tbody tr th td " +
	"id viewBox role aria-label aria-hidden tabindex class d stroke-width transform width height rx x y data-edge data-node data-break type scope")

// Hostile names are text or the value of aria-label. They never become an element.
func TestHTMLHostile(t *testing.T) {
	page := htmlOf(t, hostile(), servicemap.HTMLConfig{UI: "http://zipkin", After: strings.Join(attacks, " ")})
	harmless(t, strings.ReplaceAll(page, "\t", " "))
	assert.Equal(t, timeline.Visible(strings.Join(attacks, " ")), dataOf(t, page).Config.After)
	parts := drawnForm.FindAllString(page, -1)
	require.Len(t, parts, 3)
	for _, part := range parts {
		d := xml.NewDecoder(strings.NewReader(part))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			element, ok := token.(xml.StartElement)
			if !ok {
				_, isComment := token.(xml.Comment)
				require.False(t, isComment)
				continue
			}
			assert.Contains(t, allowed, element.Name.Local)
			for _, a := range element.Attr {
				assert.Contains(t, allowed, a.Name.Local)
			}
		}
	}
	rest := drawnForm.ReplaceAllString(dataForm.ReplaceAllString(page, ""), "")
	for _, a := range attacks[:8] {
		assert.NotContains(t, rest, a)
	}
}

// drawn is a node in the page's picture.
type drawn struct {
	Transform string `xml:"transform,attr"`
	Rect      struct {
		Width  float64 `xml:"width,attr"`
		Height float64 `xml:"height,attr"`
	} `xml:"rect"`
}

// place returns the position of a node.
func (d drawn) place(t *testing.T) (x, y float64) {
	t.Helper()
	_, err := fmt.Sscanf(d.Transform, "translate(%g %g)", &x, &y)
	require.NoError(t, err)
	return x, y
}

// picture is the page's picture.
type picture struct {
	ViewBox string `xml:"viewBox,attr"`
	Groups  []struct {
		ID    string `xml:"id,attr"`
		Parts []struct {
			Class string `xml:"class,attr"`
			drawn
		} `xml:"g"`
	} `xml:"g"`
}

// nodesOf returns the nodes of the page's picture, and the picture's size.
func nodesOf(t *testing.T, page string) (nodes []drawn, width, height float64) {
	t.Helper()
	var p picture
	require.NoError(t, xml.Unmarshal([]byte(regexp.MustCompile(`(?s)<svg id="drawing".*?</g>\n</svg>`).FindString(page)), &p))
	_, err := fmt.Sscanf(p.ViewBox, "0 0 %g %g", &width, &height)
	require.NoError(t, err)
	for _, g := range p.Groups {
		for _, part := range g.Parts {
			if g.ID == "nodes" {
				nodes = append(nodes, part.drawn)
			}
		}
	}
	return nodes, width, height
}

// overlaps returns the pairs of nodes that overlap.
func overlaps(t *testing.T, nodes []drawn) (pairs [][2]int) {
	t.Helper()
	at := make([][2]float64, len(nodes))
	for i, n := range nodes {
		at[i][0], at[i][1] = n.place(t)
		for k, o := range nodes[:i] {
			if at[i][0] < at[k][0]+o.Rect.Width && at[k][0] < at[i][0]+n.Rect.Width && at[i][1] < at[k][1]+o.Rect.Height && at[k][1] < at[i][1]+n.Rect.Height {
				pairs = append(pairs, [2]int{k, i})
			}
		}
	}
	return pairs
}

// No node overlaps another or lies outside of the picture. The picture is small enough to read
// without a zoom.
func TestHTMLPicture(t *testing.T) {
	for name, g := range maps() {
		nodes, width, height := nodesOf(t, htmlOf(t, g, servicemap.HTMLConfig{}))
		require.Len(t, nodes, len(g.Nodes))
		for i, n := range nodes {
			x, y := n.place(t)
			assert.True(t, x >= 0 && y >= 0 && x+n.Rect.Width <= width && y+n.Rect.Height <= height, "%s: node %d must be inside of the picture", name, i)
		}
		assert.Empty(t, overlaps(t, nodes), name)
	}
	_, width, height := nodesOf(t, htmlOf(t, fleet(60, 200), servicemap.HTMLConfig{}))
	assert.Greater(t, min(880/width, 640/height), 0.4, "60 services can be read without a zoom")
	assert.Equal(t, htmlOf(t, fleet(60, 200), servicemap.HTMLConfig{}), htmlOf(t, fleet(60, 200), servicemap.HTMLConfig{}), "the page is the same each time")
}

// shapes are graphs that are hard to lay out. Each function returns the edges between n nodes. An
// edge is the numbers of its two nodes.
var shapes = map[string]func(n int) [][2]int{
	"chain": func(n int) (e [][2]int) {
		for i := range n - 1 {
			e = append(e, [2]int{i, i + 1})
		}
		return e
	},
	"star": func(n int) (e [][2]int) {
		for i := range n - 1 {
			e = append(e, [2]int{0, i + 1})
		}
		return e
	},
	"circle": func(n int) (e [][2]int) {
		for i := range n {
			e = append(e, [2]int{i, (i + 1) % n})
		}
		return e
	},
	"everybody": func(n int) (e [][2]int) {
		n = min(n/4, 60)
		for i := range n * n {
			e = append(e, [2]int{i / n, i % n})
		}
		return e
	},
	"ladder": func(n int) (e [][2]int) { // a chain, and a call from each node to the last one
		for i := range n - 1 {
			e = append(e, [2]int{i, i + 1}, [2]int{i, n - 1})
		}
		return e
	},
}

func TestHTMLShapes(t *testing.T) {
	size := 400
	if raceEnabled {
		size = 100
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			g := &servicemap.Graph{By: "service"}
			for i := range size {
				g.Nodes = append(g.Nodes, node(fmt.Sprintf("n%03d", i), 1, 0, 0, 1))
			}
			for _, e := range shape(size) {
				g.Edges = append(g.Edges, servicemap.Edge{From: g.Nodes[e[0]].Name, To: g.Nodes[e[1]].Name, Calls: 1, Answered: 1, Told: 1})
			}
			nodes, _, _ := nodesOf(t, htmlOf(t, g, servicemap.HTMLConfig{}))
			assert.Empty(t, overlaps(t, nodes))
		})
	}
}

// Callers stand left of the nodes that they call, or above them.
func TestHTMLDirection(t *testing.T) {
	g := shop()
	nodes, _, _ := nodesOf(t, htmlOf(t, g, servicemap.HTMLConfig{}))
	at := func(name string) float64 {
		x, y := nodes[slices.IndexFunc(g.Nodes, func(n servicemap.Node) bool { return n.Name == name })].place(t)
		return x + 3*y
	}
	assert.Less(t, at("front"), at("basket"))
	assert.Less(t, at("basket"), at("price"))
	assert.Less(t, at("price"), at("redis:6379"))
	assert.Less(t, at("front"), at("stock"), "front is first, although stock calls front too")
}

// The page of a map that is too large shows only the busiest edges, and says how many it leaves
// out.
func TestHTMLBounded(t *testing.T) {
	assert.Equal(t, 5000, servicemap.MaxDrawn, "as the manual says")
	g := fleet(60, 200)
	var b bytes.Buffer
	require.NoError(t, g.HTMLUpTo(&b, 50))
	assert.Equal(t, 50, strings.Count(b.String(), `<g class="edge`))
	assert.Contains(t, b.String(), "<span>not in this page: 150 edges with fewer calls</span>")
	var few servicemap.Graph
	require.NoError(t, json.Unmarshal(dataOf(t, b.String()).Graph, &few))
	assert.Len(t, few.Edges, 50)
	nodes, _, _ := nodesOf(t, b.String())
	assert.Len(t, nodes, len(few.Nodes), "only nodes with edges are drawn")
	assert.Less(t, len(few.Nodes), len(g.Nodes))
}

// A page has the first spans of a long trace, and says how many more there are.
func TestHTMLLongTrace(t *testing.T) {
	g := shop()
	g.Traced[0].Spans = slices.Repeat(g.Traced[0].Spans, 50)
	var few servicemap.Graph
	require.NoError(t, json.Unmarshal(dataOf(t, htmlOf(t, g, servicemap.HTMLConfig{})).Graph, &few))
	assert.Len(t, few.Traced[0].Spans, 80)
	assert.Equal(t, 3+120, few.Traced[0].Left)
	assert.Len(t, g.Traced[0].Spans, 200, "the map itself is unchanged")
}

func TestHTMLNotWritten(t *testing.T) {
	for _, left := range []int{0, 100, 20_000} {
		assert.ErrorIs(t, shop().HTML(&failing{left}, servicemap.HTMLConfig{}), errFull)
	}
}

var errFull = errors.New("full")

// failing is a writer that fails with errFull. The field left is how many bytes it accepts before
// it fails.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// If a writer returns an error, each view returns it.
func TestNotWritten(t *testing.T) {
	g := shop()
	for name, view := range map[string]func(io.Writer) error{
		"text": func(w io.Writer) error { return g.Text(w, servicemap.Style{}) }, "json": g.JSON, "dot": g.DOT, "mermaid": g.Mermaid,
		"comparison":      func(w io.Writer) error { return compare(t, g, g).Text(w, servicemap.Style{}) },
		"comparison json": compare(t, g, g).JSON,
	} {
		assert.ErrorIs(t, view(&failing{10}), errFull, name)
	}
}

// BenchmarkHTML writes pages. A map of 60 services takes some milliseconds.
func BenchmarkHTML(b *testing.B) {
	for _, size := range [][2]int{{60, 200}, {1000, 5000}, {3000, 6000}} {
		g := fleet(size[0], size[1])
		g.Traced = nil
		b.Run(fmt.Sprintf("%d services, %d edges", size[0], size[1]), func(b *testing.B) {
			for b.Loop() {
				if err := g.HTML(io.Discard, servicemap.HTMLConfig{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
