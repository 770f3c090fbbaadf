// Command kept is the service of examples/lost with its trace kept.
package main

import (
	"context"
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
	"example.com/clew/workerpool"
	"github.com/rs/zerolog"
)

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
	return httpmw.New(httpmw.Config{Implicit: true})(mux)
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
	go s.index(context.WithoutCancel(r.Context()), id)
	time.AfterFunc(time.Millisecond, workerpool.Wrap(r.Context(), func(ctx context.Context) {
		defer s.work.Done()
		s.log.Info().Ctx(ctx).Str("id", id).Msg("thumbnail made")
	}))
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
