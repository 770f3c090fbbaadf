package zerolog

import "context"

type Logger struct{}

func Ctx(ctx context.Context) *Logger { return nil }

func (l Logger) Info() *Event                                    { return nil }
func (l Logger) Err(err error) *Event                            { return nil }
func (l Logger) With() Context                                   { return Context{} }
func (l Logger) Print(v ...any)                                  {}
func (l Logger) WithContext(ctx context.Context) context.Context { return ctx }

type Event struct{}

func (e *Event) Ctx(ctx context.Context) *Event                             { return e }
func (e *Event) Str(key, value string) *Event                               { return e }
func (e *Event) Msg(text string)                                            {}
func (e *Event) Msgf(text string, a ...any)                                 {}
func (e *Event) Send()                                                      {}
func (e *Event) Stringer(key string, v interface{ String() string }) *Event { return e }

type Context struct{}

func (c Context) Ctx(ctx context.Context) Context { return c }
func (c Context) Str(key, value string) Context   { return c }
func (c Context) Logger() Logger                  { return Logger{} }
