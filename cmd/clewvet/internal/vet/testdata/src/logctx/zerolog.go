package logctx

import (
	"context"
	"net/http"

	clew "example.com/clew/logctx"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
)

type server struct{ log zerolog.Logger }

func (s *server) lines(ctx context.Context, err error) {
	log.Info().Msg("global")                   // want `zerolog.Info without the context at hand: add \.Ctx\(ctx\)`
	s.log.Err(err).Str("k", "v").Msgf("%d", 1) // want `zerolog.Err without`
	log.Logger.Info().                         // want `zerolog.Info without`
							Str("k", "v").
							Send()

	log.Info().Ctx(ctx).Msg("given")
	s.log.Info().Str("k", "v").Ctx(ctx).Send()
	zerolog.Ctx(ctx).Info().Msg("the context's")
	log.Ctx(ctx).Info().Msg("the context's")
	clew.Info(ctx).Msg("clew's")
	clew.From(ctx).Info().Msg("clew's")
}

func (s *server) variables(ctx context.Context) {
	without := s.log.With().Str("k", "v").Logger()
	without.Info().Msg("") // want `zerolog.Info without`
	pointer := &without
	pointer.Info().Msg("") // want `zerolog.Info without`

	with := s.log.With().Ctx(ctx).Logger()
	with.Info().Msg("")
	more := with.With().Str("k", "v").Logger()
	more.Info().Msg("")
	made := s.logger(ctx)
	made.Info().Msg("")

	event := s.log.Info()
	event.Str("k", "v").Msg("") // want `zerolog.Info without`
	joined := s.log.Info()
	joined.Ctx(ctx)
	joined.Msg("")
}

func (s *server) logger(ctx context.Context) zerolog.Logger { return s.log.With().Ctx(ctx).Logger() }

// The caller may have bound the logger and the event.
func handed(ctx context.Context, logger zerolog.Logger, event *zerolog.Event) {
	logger.Info().Msg("")
	event.Msg("")
}

func nobodysContext() {
	log.Info().Msg("")
}

func request(w http.ResponseWriter, r *http.Request) {
	log.Info().Msg("") // want `add \.Ctx\(r\.Context\(\)\)`
	ctx := r.Context()
	log.Info().Msg("") // want `add \.Ctx\(ctx\)`
	other := context.WithValue(context.Background(), "k", "v")
	_ = other
	{
		ctx := 1
		_ = ctx
		log.Info().Msg("") // want `add \.Ctx\(r\.Context\(\)\)`
	}
	derived, cancel := context.WithCancel(ctx)
	defer cancel()
	{
		ctx := 1
		_ = ctx
		use(derived)
		log.Info().Msg("") // want `add \.Ctx\(derived\)`
	}
}

func use(context.Context) {}
