package main_test

import (
	"strings"
	"testing"
)

// shop is a module with a handler, a middleware, and a store behind an interface.
var shop = map[string]string{
	"go.mod":      "module example.com/shop\n\ngo 1.26\n\nrequire example.com/clew v0.0.0\n\nreplace example.com/clew => ./clew\n",
	"clew/go.mod": "module example.com/clew\n\ngo 1.26\n",
	"clew/httpmw/httpmw.go": `package httpmw

type Config struct{ Implicit bool }
`,
	"main.go": `package main

import (
	"net/http"

	"example.com/clew/httpmw"
	"example.com/shop/store"
	"example.com/shop/web"
)

func main() {
	_ = httpmw.Config{}
	s := &web.Shop{Store: &store.Disk{}, Cache: store.Near{}}
	http.ListenAndServe("", web.Logger(s))
}
`,
	"web/web.go": `package web

import (
	"log/slog"
	"net/http"
	"time"
)

type Store interface {
	Save(id string) error
	Load(id string) string
}

type Cache interface{ Get(id string) string }

type Shop struct {
	Store Store
	Cache Cache
}

func Logger(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		slog.Info("served")
	})
}

func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Store.Save(r.URL.Path)
	s.Store.Load(r.URL.Path)
	s.Cache.Get(r.URL.Path)
	s.sell(r)
	go s.Store.Save("later")
	time.AfterFunc(time.Second, func() { slog.Info("after") })
	func() { slog.Info("sold") }()
	s.keep("x")
	s.Store.Save(r.URL.Path) //clewvet:ignore it is the second
}

func (s *Shop) sell(r *http.Request) { s.Store.Save("y") }

func (s *Shop) keep(id string) { s.Store.Save(id) }

// mail and note run on another goroutine.
func Later(_ http.ResponseWriter, r *http.Request) { go mail() }

func mail() { slog.Info("mailed"); note(); note() }

func note() { slog.Info("noted") }

func Many(_ http.ResponseWriter, r *http.Request) {
	go func() { slog.Info("1") }()
	go func() { slog.Info("2") }()
	go func() { slog.Info("3") }()
	go func() { slog.Info("4") }()
}
`,
	"web/proxy.go": `package web

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
)

// Proxy calls another service, and is no middleware.
func Proxy(w http.ResponseWriter, r *http.Request) {
	new(httputil.ReverseProxy).ServeHTTP(w, r)
	slog.Info("proxied")
}
`,
	"store/store.go": `package store

import "log/slog"

type Disk struct{}

func (*Disk) Save(id string) error { slog.Info("saved"); return nil }

func (*Disk) Load(id string) string { return "" }

// FakeStore is for tests.
type FakeStore struct{}

func (FakeStore) Save(id string) error { return nil }

func (FakeStore) Load(id string) string { return "" }

// Near and Far both implement Cache: a call may mean either.
type Near struct{}

func (Near) Get(id string) string { slog.Info("near"); return "" }

type Far struct{}

func (Far) Get(id string) string { slog.Info("far"); return "" }
`,
}

const (
	shopLogger  = "web/web.go:24:3: slog.Info without the context at hand: use InfoContext(r.Context(), …)"
	shopSave    = "web/web.go:29:2: Store.Save takes no context, and loses the one at hand (Disk.Save → slog.Info): give it one"
	shopAfter   = "web/web.go:34:2: time.AfterFunc leaves the request's trace behind (slog.Info): use workerpool.Wrap(r.Context(), …)"
	shopSold    = "web/web.go:35:11: slog.Info without the context at hand: use InfoContext(r.Context(), …)"
	shopKeep    = "web/web.go:36:2: Shop.keep takes no context, and loses the one at hand (Shop.keep → Disk.Save → slog.Info): give it one"
	shopProxy   = "web/proxy.go:12:2: slog.Info without the context at hand: use InfoContext(r.Context(), …)"
	shopMail    = "web/web.go:45:54: go leaves the request's trace behind (mail → slog.Info): give it a context, and use workerpool.Wrap(r.Context(), …)"
	shopSummary = "clewvet: 11 reports, 8 with a fix (-fix)"
)

// shopMany returns the reports on the four goroutines in Many.
func shopMany() (many []string) {
	for _, line := range []string{"52", "53", "54", "55"} {
		many = append(many, "web/web.go:"+line+":2: go leaves the request's trace behind (slog.Info): use workerpool.Wrap(r.Context(), …)")
	}
	return many
}

func summary(places ...string) []string {
	return append([]string{"clewvet: start here:"}, places...)
}

func join(lists ...[]string) (all []string) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// For a whole module, clewvet also reports calls through an interface with one implementation, and
// says where to start.
func TestWhole(t *testing.T) {
	t.Parallel()
	dir := module(t, shop)
	reports(t, dir, join(shopMany(), []string{shopProxy, shopLogger, shopSave, shopAfter, shopSold, shopKeep, shopMail, shopSummary}, summary(
		"web/web.go:24:3: slog.Info: in every request",
		"store/store.go:7:38: slog.Info: 5 call paths lead there",
		"web/web.go:49:15: slog.Info: 2 call paths lead there",
		"store/store.go:21:37: slog.Info: 1 call path leads there",
		"store/store.go:25:36: slog.Info: 1 call path leads there",
	)), clewvet, "./...")
	part := join(shopMany(), []string{shopProxy, shopLogger, shopAfter, shopSold, shopMail})
	reports(t, dir, part, clewvet, "./web")
	reports(t, dir, part, "go", "vet", "-vettool="+clewvet, "./...")
}

// clewvet does not report the places that Implicit covers. It prints one line with their number.
// With -implicit=false it reports these places, too.
func TestImplicit(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for name, text := range shop {
		files[name] = strings.Replace(text, "httpmw.Config{}", "httpmw.Config{Implicit: true}", 1)
	}
	dir := module(t, files)
	const covered = "clewvet: Implicit is set at main.go:12:6: 5 more places have their ID by the trace of the goroutine (-implicit=false shows them)"
	lost := join(shopMany(), []string{shopAfter, shopMail})
	reports(t, dir, join(lost, []string{covered, "clewvet: 6 reports, 5 with a fix (-fix)"}, summary(
		"web/web.go:49:15: slog.Info: 2 call paths lead there",
		"store/store.go:7:38: slog.Info: 1 call path leads there",
		"web/web.go:34:39: slog.Info: 1 call path leads there",
		"web/web.go:47:15: slog.Info: 1 call path leads there",
		"web/web.go:52:14: slog.Info: 1 call path leads there",
	)), clewvet, "./...")
	_, stderr, _ := run(t, dir, clewvet, "-implicit=false", "./...")
	for _, want := range []string{shopLogger, shopSave, shopSold, shopKeep, shopSummary} {
		if !strings.Contains(stderr, want+"\n") {
			t.Errorf("-implicit=false does not report %q:\n%s", want, stderr)
		}
	}
	// go vet's tool sees one package at a time, so it needs the flag -implicit.
	reports(t, dir, lost, "go", "vet", "-vettool="+clewvet, "-implicit", "./...")
	reports(t, dir, lost, clewvet, "-implicit", "./web")

	if _, stderr, code := run(t, dir, clewvet, "-fix", "./..."); code != 0 || stderr != "clewvet: 1 report is left, without a fix\n" {
		t.Errorf("-fix exits with %d: %s", code, stderr)
	}
	if got := read(t, dir, "web/web.go"); strings.Contains(got, "InfoContext(r.Context(), \"sold\")") {
		t.Errorf("-fix changes a line that Implicit covers:\n%s", got)
	}
}
