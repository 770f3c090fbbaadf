// Package made makes synthetic audit events for tests, benchmarks and clew-audit demo. The same
// seed makes the same events.
package made

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"
)

// Event is one event of a Generator.
type Event struct {
	Time       int64 // microseconds since 1970
	TraceID    [16]byte
	App        string
	Message    string
	Context    []Pair // shared by all events of the trace: do not change it
	TraceNames []string
}

// Pair is a key and its value.
type Pair struct{ Key, Value string }

// Generator makes events of interleaved traces: 24 apps, 60 messages, about 12 events a trace, 3
// or 4 context pairs that are the same within a trace, and names of filters on 3 % of the events.
// A Generator is for one goroutine.
type Generator struct {
	random *rand.Rand
	now    int64
	step   float64 // microseconds from one event to the next
	part   float64
	open   []open
	last   string // the item of the last trace, which a later trace may have too
	made   Event
}

type open struct {
	id      [16]byte
	left    int
	context []Pair
}

// live is the number of traces that are interleaved at any time.
const live = 2000

// New returns the Generator for seed. Its events begin at the time start, and perSecond is the
// number of events in a second.
func New(seed uint64, start time.Time, perSecond float64) *Generator {
	g := &Generator{
		random: rand.New(rand.NewPCG(seed, 0x636c6577)),
		now:    start.UnixMicro(),
		step:   1e6 / perSecond,
		open:   make([]open, live),
	}
	for i := range g.open {
		g.open[i] = g.begin()
		g.open[i].left = 1 + g.random.IntN(g.open[i].left) // so that the first traces do not all end at the same time
	}
	return g
}

// Next makes the next event. It is valid until the next call, but its Context stays valid.
func (g *Generator) Next() *Event {
	g.part += g.step
	whole := int64(g.part)
	g.now += whole
	g.part -= float64(whole)

	o := &g.open[g.random.IntN(len(g.open))]
	if o.left == 0 {
		*o = g.begin()
	}
	o.left--
	g.made = Event{
		Time:    g.now,
		TraceID: o.id,
		App:     apps[g.random.IntN(len(apps))],
		Message: messages[g.random.IntN(len(messages))],
		Context: o.context,
	}
	if g.random.IntN(100) < 3 {
		g.made.TraceNames = names[g.random.IntN(len(names))]
	}
	return &g.made
}

func (g *Generator) begin() (o open) {
	r := g.random
	binary.BigEndian.PutUint32(o.id[:], uint32(g.now/1e6))
	binary.BigEndian.PutUint32(o.id[4:], r.Uint32())
	binary.BigEndian.PutUint64(o.id[8:], r.Uint64())
	o.left = 6 + r.IntN(13)
	item := fmt.Sprintf("%s.%d", letters(r), r.IntN(1_000_000))
	if r.IntN(50) == 0 && g.last != "" { // the same item in a second trace
		item = g.last
	}
	g.last = item
	o.context = []Pair{
		{"network", networks[r.IntN(len(networks))]},
		{"network_id", fmt.Sprintf("%019d_%09d", r.Int64N(1e18), r.IntN(1e9))},
		{"item", item},
	}
	if r.IntN(2) == 0 {
		o.context = append(o.context, Pair{"client_id", fmt.Sprint(1000 + r.IntN(5000))})
	}
	return o
}

func letters(r *rand.Rand) string {
	return string([]byte{'A' + byte(r.IntN(26)), 'A' + byte(r.IntN(26)), 'A' + byte(r.IntN(26))})
}

var (
	networks = []string{"instagram", "facebook", "youtube", "tiktok", "pinterest", "linkedin", "reddit", "tumblr"}
	names    = [][]string{{"anton_client_filter"}, {"slow_augmenters"}, {"anton_client_filter", "slow_augmenters"}}
	apps     = list("media-%s", "api", "ingest", "augment", "dedupe", "rank", "store", "notify", "audit", "crawl", "fetch", "parse", "index",
		"search", "export", "import", "bill", "quota", "cache", "thumb", "resize", "scan", "tag", "score", "route")
	messages = shapes()
)

func list(format string, words ...string) []string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = fmt.Sprintf(format, word)
	}
	return all
}

// shapes returns 60 messages: 10 for each of 6 things.
func shapes() (all []string) {
	for _, thing := range []string{"image", "video", "post", "comment", "profile", "story"} {
		all = append(all, list(thing+" %s", "received", "fetched", "parsed", "augmented", "deduplicated", "scored", "stored",
			"indexed", "published to the topic", "dropped: over the client's quota")...)
	}
	return all
}
