package logrus

import "context"

type Entry struct{}

func (e *Entry) Info(a ...any)                          {}
func (e *Entry) Warnf(format string, a ...any)          {}
func (e *Entry) Infoln(a ...any)                        {}
func (e *Entry) WithContext(ctx context.Context) *Entry { return e }
func (e *Entry) WithField(key string, value any) *Entry { return e }

type Logger struct{}

func (l *Logger) Infoln(a ...any)                        {}
func (l *Logger) WithContext(ctx context.Context) *Entry { return nil }

type FieldLogger interface{ Info(a ...any) }

func Info(a ...any)                          {}
func SetLevel(level int)                     {}
func WithContext(ctx context.Context) *Entry { return nil }
func WithField(key string, value any) *Entry { return nil }
