/* SPDX-License-Identifier: Apache-2.0 */
/* signet-device: a LwM2M device on Linux, its identity in an nRF91 modem or in files. */
#include "agent.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* SIGTERM and SIGINT end it cleanly, SIGUSR1 moves it to another port; all are read in turn with everything else. */
static int take_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int argc, char **argv)
{
    static struct sg_agent agent;
    struct sg_agent_options options;
    struct sg_error err = {0};

    int code = sg_agent_options(argc, argv, &options);
    if (code >= 0)
        return code;
    agent.options = &options;
    agent.signals = take_signals();
    int error = options.modem != NULL ? sg_agent_open_modem(&agent, &err) : sg_agent_open_files(&agent, &err);
    if (error < 0) {
        sg_agent_say("%s", err.text);
        code = SG_AGENT_FAILED;
    } else {
        code = sg_agent_run(&agent);
    }
    if (agent.link != NULL)
        agent.link->free(&agent);
    (void)close(agent.signals);
    return code;
}
