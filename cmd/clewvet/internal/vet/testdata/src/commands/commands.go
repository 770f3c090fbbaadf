package commands

import (
	"context"
	"log/slog"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"
)

var command = cobra.Command{
	RunE: func(cmd *cobra.Command, args []string) error {
		serve(cmd.Context())
		Exported(cmd.Context())
		both(cmd.Context())
		return nil
	},
}

func list(cmd *cobra.Command, args []string) error {
	load(cmd.Context())
	return nil
}

func serve(ctx context.Context) {
	slog.Info("starting")
	load(ctx)
}

func load(ctx context.Context) { slog.Info("starting") }

// Other packages may call Exported.
func Exported(ctx context.Context) {
	slog.Info("") // want `slog.Info without`
	both(ctx)
}

func both(ctx context.Context) { slog.Info("") } // want `slog.Info without`

func unused(ctx context.Context) { slog.Info("") } // want `slog.Info without`

type program struct{ ctx context.Context }

// The operating system calls Start and Stop, so they are code of a command.
func (p *program) Start(s service.Service) error {
	p.run(p.ctx)
	return nil
}

func (p *program) Stop(s service.Service) error {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	slog.Info("stops")
	p.run(ctx)
	return nil
}

func (p *program) run(ctx context.Context) { slog.Info("runs") }
