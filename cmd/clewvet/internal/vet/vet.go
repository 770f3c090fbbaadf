// Package vet lists the analyzers of clewvet.
package vet

import (
	"example.com/clew/cmd/clewvet/internal/vet/auditmsg"
	"example.com/clew/cmd/clewvet/internal/vet/ctxless"
	"example.com/clew/cmd/clewvet/internal/vet/detachedgo"
	"example.com/clew/cmd/clewvet/internal/vet/freshctx"
	"example.com/clew/cmd/clewvet/internal/vet/ignore"
	"example.com/clew/cmd/clewvet/internal/vet/logctx"
	"example.com/clew/cmd/clewvet/internal/vet/nakedgo"
	"example.com/clew/cmd/clewvet/internal/vet/rawclient"
	"example.com/clew/cmd/clewvet/internal/vet/reqctx"
	"golang.org/x/tools/go/analysis"
)

// On returns the analyzers that run by default.
func On() []*analysis.Analyzer {
	return []*analysis.Analyzer{
		logctx.Analyzer,
		ctxless.Analyzer,
		freshctx.Analyzer,
		reqctx.Analyzer,
		detachedgo.Analyzer,
		auditmsg.Analyzer,
		ignore.Analyzer,
	}
}

// Off returns the analyzers that run only if a flag names them.
func Off() []*analysis.Analyzer {
	return []*analysis.Analyzer{
		rawclient.Analyzer,
		nakedgo.Analyzer,
	}
}
