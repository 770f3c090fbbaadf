// Command lost is a service that loses its trace in six ways. README.md says how to find each.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
)

// implicit is the first step to a service that keeps its trace: go run ./examples/lost -implicit
var implicit = flag.Bool("implicit", false, "give the goroutine that serves a request its trace")

// service accepts uploads and sends them to a store.
type service struct {
	log    zerolog.Logger
	audit  *slog.Logger
	client *http.Client
	store  string // its URL
	work   sync.WaitGroup
}

func newService(out io.Writer, store string) *service {
	return &service{
		log:    logctx.New(out),
		audit:  slog.New(logctx.Slog(slog.NewJSONHandler(out, nil), logctx.Config{})),
		client: httpclient.Wrap(http.DefaultClient, httpclient.Config{}),
		store:  store,
	}
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /media/{id}", s.upload)
	return httpmw.New(httpmw.Config{Implicit: *implicit})(mux)
}

func (s *service) upload(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	s.log.Info().Str("id", id).Msg("upload began")

	put, err := http.NewRequest(http.MethodPut, s.store+"/"+id, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	resp, err := s.client.Do(put)
	if err != nil {
		http.Error(w, "store", http.StatusBadGateway)
		return
	}
	resp.Body.Close()
	s.audit.Info("media stored", "id", id)
	s.count(id)

	s.work.Add(2)
	go s.index(context.Background(), id)
	time.AfterFunc(time.Millisecond, func() {
		defer s.work.Done()
		s.log.Info().Str("id", id).Msg("thumbnail made")
	})
}

func (s *service) count(id string) {
	s.log.Info().Str("id", id).Msg("upload counted")
}

func (s *service) index(ctx context.Context, id string) {
	defer s.work.Done()
	s.log.Info().Ctx(ctx).Str("id", id).Msg("media indexed")
}

// main sends the service one request, and shows its log.
func main() {
	flag.Parse()
	store := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Printf("the store was asked in trace %q\n", r.Header.Get("X-B3-TraceId"))
	}))
	defer store.Close()
	s := newService(os.Stdout, store.URL)
	r := httptest.NewRequest(http.MethodPut, "/media/7", strings.NewReader("a picture"))
	r.Header.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	s.handler().ServeHTTP(httptest.NewRecorder(), r)
	s.work.Wait()
}
