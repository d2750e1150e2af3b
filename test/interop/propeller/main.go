// propeller-drive runs one Flyte 1 task (or many copies of it) against an agent server, through FlytePropeller's own
// agent/connector plugin and its webapi core (auto-refresh cache, phases, state persistence). See README.md.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	idl "github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"github.com/flyteorg/flyte/flytestdlib/contextutils"
	"github.com/flyteorg/flyte/flytestdlib/logger"
	"github.com/flyteorg/flyte/flytestdlib/promutils/labeled"
)

// Exit codes: 0 every execution succeeded, 1 one did not, 2 wrong usage (no report), 3 the task type is not announced.
func main() {
	parseFlags()
	setUpLogs()
	labeled.SetMetricKeys(contextutils.ProjectKey, contextutils.DomainKey, contextutils.WorkflowIDKey, contextutils.TaskIDKey)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	rep := &report{Plugin: *pluginKind, Endpoint: *endpoint, start: time.Now()}
	if *configFile != "" {
		rep.Config = loadConfig(ctx, *configFile)
	}
	target := *endpoint
	var rl *relay
	if !*direct {
		rl = startRelay()
		target = rl.addr
	}
	registry, pluginID := registerPlugin(target)
	plugin := loadPlugin(ctx, pluginID)

	template := &idl.TaskTemplate{}
	if *taskFile != "" {
		readMessage(*taskFile, template)
		rep.TaskType = template.GetType()
	}
	rep.Supported = awaitType(registry, rep.TaskType, rep.start)
	if *listOnly {
		rep.Ok = true
		rep.finish(rl, 0)
	}
	if *taskFile == "" {
		die("--task is required")
	}
	if template.GetId() == nil && *fillID {
		template.Id = &idl.Identifier{ResourceType: idl.ResourceType_TASK, Project: *project, Domain: *domain, Name: "drive." + template.GetType(), Version: "v1"}
	}
	inputs := &idl.LiteralMap{Literals: map[string]*idl.Literal{}}
	if *inputsFile != "" {
		readMessage(*inputsFile, inputs)
	}
	if !rep.Supported {
		fmt.Fprintf(os.Stderr, "propeller-drive: task type %q was not announced by ListAgents; Propeller would not route it to the agent\n", rep.TaskType)
		rep.finish(rl, 3)
	}
	store, base := newStore()
	d := &driver{ctx: ctx, pluginID: pluginID, plugin: plugin, store: store, base: base, template: template, inputs: inputs, start: rep.start}
	rep.Execs = d.runAll()
	rep.Ok = true
	for _, execution := range rep.Execs {
		rep.Ok = rep.Ok && execution.Final == "Success"
	}
	if rep.Ok {
		rep.finish(rl, 0)
	}
	rep.finish(rl, 1)
}

func setUpLogs() {
	level := logger.ErrorLevel
	if *verbose {
		level = logger.DebugLevel
	}
	_ = logger.SetConfig(&logger.Config{Level: int(level), Formatter: logger.FormatterConfig{Type: "json"}})
	if !*verbose {
		_ = logger.SetConfig(&logger.Config{Mute: true})
	}
}

func startRelay() *relay {
	var faults []fault
	for _, text := range faultFlags {
		f, err := parseFault(text)
		if err != nil {
			die("%v", err)
		}
		faults = append(faults, f)
	}
	rl, err := newRelay(*endpoint, faults, !*noMessages)
	if err != nil {
		die("%v", err)
	}
	return rl
}

// awaitType waits until ListAgents has announced the task type; whether it has.
func awaitType(registry typeRegistry, taskType string, start time.Time) bool {
	until := time.Now().Add(*waitType)
	for time.Now().Before(until) && !(taskType != "" && registry.ContainTaskType(taskType)) {
		if *listOnly && time.Since(start) > 2*time.Second {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return registry.ContainTaskType(taskType)
}

// runAll runs all copies at once.
func (d *driver) runAll() []*executionReport {
	name := *execName
	if name == "" {
		name = fmt.Sprintf("x%d", time.Now().UnixNano()%1e9)
	}
	var executions []*executionReport
	var group sync.WaitGroup
	for i := 0; i < *count; i++ {
		execution := &executionReport{Exec: name}
		if *count > 1 {
			execution.Exec = fmt.Sprintf("%s%04d", name, i)
		}
		executions = append(executions, execution)
		group.Add(1)
		go func() {
			defer group.Done()
			d.run(execution)
		}()
	}
	group.Wait()
	return executions
}

// run makes the attempts of one execution.
func (d *driver) run(execution *executionReport) {
	for n := *firstAttempt; n < *firstAttempt+*maxAttempts; n++ {
		a := d.runAttempt(execution.Exec, n)
		execution.Attempts = append(execution.Attempts, a)
		execution.Final = a.Final
		if a.Final != "RetryableFailure" {
			return
		}
	}
}

// readMessage reads protobuf JSON from a .json file, and binary protobuf from any other.
func readMessage(path string, message proto.Message) {
	content, err := os.ReadFile(path)
	if err != nil {
		die("%v", err)
	}
	if strings.HasSuffix(path, ".json") {
		err = protojson.Unmarshal(content, message)
	} else {
		err = proto.Unmarshal(content, message)
	}
	if err != nil {
		die("%s: %v", path, err)
	}
}

func die(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "propeller-drive: "+format+"\n", arguments...)
	os.Exit(2)
}
