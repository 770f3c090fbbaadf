package ctxlessdep

import "log/slog"

func Log() { slog.Info("") }

func Deeper() { Log() }

func Silent() {}
